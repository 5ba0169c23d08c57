"""Asking back: tools that want something of the client before they answer, by requests of the older era and by rounds of the newer."""

import json
from collections.abc import Mapping
from typing import Any

import mcp_types as types

from taskactors.mcp_server.asking import Context
from tests.conformance.fixtures import BOOLEAN, NUMBER, TEXT, Answered, Fixtures, Params, said, takes, text


def add(board: Fixtures) -> None:
    """Add them all."""
    _add_requests(board)
    _add_forms(board)
    _add_rounds(board)
    _add_rounds_with_state(board)


# by requests of ours, in the older era


async def _form(context: Context, message: str, schema: Mapping[str, Any]) -> types.CallToolResult:
    answer = await context.session.elicit_form(message, dict(schema), related_request_id=context.request_id)
    return said(f"User response: action={answer.action}, content={json.dumps(answer.content)}")


def _add_requests(board: Fixtures) -> None:
    @board.tool("test_sampling", takes("prompt", prompt=TEXT))
    async def sampling(context: Context, params: Params) -> Answered:
        message = types.SamplingMessage(role="user", content=text((params.arguments or {})["prompt"]))
        answer = await context.session.create_message([message], max_tokens=100, related_request_id=context.request_id)
        return said(f"LLM response: {getattr(answer.content, 'text', '')}")

    @board.tool("test_elicitation", takes("message", message=TEXT))
    async def elicitation(context: Context, params: Params) -> Answered:
        schema = takes("response", response={**TEXT, "description": "User's response"})
        return await _form(context, (params.arguments or {})["message"], schema)


def _add_forms(board: Fixtures) -> None:
    @board.tool("test_elicitation_sep1034_defaults")
    async def defaults(context: Context, params: Params) -> Answered:
        schema = takes(
            name={**TEXT, "default": "John Doe"},
            age={"type": "integer", "default": 30},
            score={**NUMBER, "default": 95.5},
            status={**TEXT, "enum": ["active", "inactive", "pending"], "default": "active"},
            verified={**BOOLEAN, "default": True},
        )
        return await _form(context, "Please provide user information", schema)

    @board.tool("test_elicitation_sep1330_enums")
    async def enums(context: Context, params: Params) -> Answered:
        schema = takes(
            untitledSingle={**TEXT, "enum": ["option1", "option2", "option3"]},
            titledSingle={**TEXT, "oneOf": _titled("value1", "value2", "value3")},
            legacyEnum={**TEXT, "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
            untitledMulti={"type": "array", "items": {**TEXT, "enum": ["option1", "option2"]}},
            titledMulti={"type": "array", "items": {"anyOf": _titled("value1", "value2")}},
        )
        return await _form(context, "Please select", schema)


def _titled(*values: str) -> list[dict[str, str]]:
    return [{"const": each, "title": each.title()} for each in values]


# by rounds, in the newer era


def form(message: str, **properties: Mapping[str, Any]) -> types.ElicitRequest:
    """The question of a form, all of which must be filled in."""
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=takes(*properties, **properties)))


def _sample(message: str) -> types.CreateMessageRequest:
    messages = [types.SamplingMessage(role="user", content=text(message))]
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=messages, max_tokens=100))


def more(state: str | None = None, **asked: Any) -> types.InputRequiredResult:
    """Ask for these before there is an answer."""
    return types.InputRequiredResult(input_requests=asked or None, request_state=state)


def filled(params: Any, name: str, field: str) -> Any:
    """What was filled into a field of a form; None when it was not."""
    answer = (params.input_responses or {}).get(name)
    return (answer.content or {}).get(field) if isinstance(answer, types.ElicitResult) else None


def _add_rounds(board: Fixtures) -> None:
    @board.tool("test_input_required_result_elicitation")
    async def elicitation(context: Context, params: Params) -> Answered:
        name = filled(params, "user_name", "name")
        return more(user_name=form("What is your name?", name=TEXT)) if name is None else said(f"Hello, {name}!")

    @board.tool("test_streaming_elicitation")
    async def streaming(context: Context, params: Params) -> Answered:
        await context.session.report_progress(1, 2, "asking")
        return said("ok") if params.input_responses else more(user_name=form("What is your name?", name=TEXT))

    @board.tool("test_input_required_result_sampling")
    async def sampling(context: Context, params: Params) -> Answered:
        return said("Model said: ok") if params.input_responses else more(capital_question=_sample("What is the capital of France?"))

    @board.tool("test_input_required_result_list_roots")
    async def roots(context: Context, params: Params) -> Answered:
        return said("Client exposed roots") if params.input_responses else more(client_roots=types.ListRootsRequest())

    @board.tool("test_input_required_result_capabilities")
    async def capabilities(context: Context, params: Params) -> Answered:
        can, asked = context.session.client_capabilities, dict[str, Any]()
        if can is not None and can.sampling is not None:
            asked["sample"] = _sample("hi")
        if can is not None and can.elicitation is not None:
            asked["ask"] = form("What is your name?", name=TEXT)
        return more("gated", **asked)


def _add_rounds_with_state(board: Fixtures) -> None:
    confirm = form("Please confirm", ok=BOOLEAN)

    @board.tool("test_input_required_result_request_state")
    async def state(context: Context, params: Params) -> Answered:
        return said("state-ok") if params.input_responses and params.request_state == "nonce" else more("nonce", confirm=confirm)

    @board.tool("test_input_required_result_tampered_state")
    async def tampered(context: Context, params: Params) -> Answered:
        return said("state-ok") if params.request_state else more("round-1", confirm=confirm)

    @board.tool("test_input_required_result_multiple_inputs")
    async def several(context: Context, params: Params) -> Answered:
        asked = {
            "user_name": form("What is your name?", name=TEXT),
            "greeting": _sample("Generate a greeting"),
            "client_roots": types.ListRootsRequest(),
        }
        return said("All inputs received.") if asked.keys() <= (params.input_responses or {}).keys() else more("multi", **asked)

    @board.tool("test_input_required_result_multi_round")
    async def rounds(context: Context, params: Params) -> Answered:
        known = json.loads(params.request_state or '{"round": 0}')
        name, color = filled(params, "step1", "name"), filled(params, "step2", "color")
        if known["round"] == 1 and name is not None:
            return more(json.dumps({"round": 2, "name": name}), step2=form("Step 2: favourite color?", color=TEXT))
        if known["round"] == 2 and color is not None:
            return said(f"{known['name']} likes {color}.")
        return more(json.dumps({"round": 1}), step1=form("Step 1: What is your name?", name=TEXT))
