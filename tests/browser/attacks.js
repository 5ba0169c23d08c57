// Everything that a page can try at a server on this machine. Each attempt comes to what the page could see of it:
// "read: ..." and "opened" are successes, anything else is not. Evaluates to a promise of an object, by attempt.
(async (ws, http) => {
  const WITHIN_MS = 8000;
  const rpc = JSON.stringify({jsonrpc: "2.0", id: 1, method: "create_task", params: {code: "EVIL", name: "evil", description: "evil"}});
  const envelope = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}};
  const asked = {name: "create_task", arguments: {code: "EVIL", name: "evil", description: "evil"}, _meta: envelope};
  const mcp = JSON.stringify({jsonrpc: "2.0", id: 1, method: "tools/call", params: asked});
  const json = {"Content-Type": "application/json"};
  const modern = {...json, Accept: "application/json, text/event-stream", "Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "create_task"};

  const within = (promise) => Promise.race([promise, new Promise((done) => setTimeout(() => done("nothing happened"), WITHIN_MS))]);
  const fetched = async (path, options) => {
    try {
      const reply = await fetch(http + path, options);
      const text = await reply.text();
      // A refusal says nothing about what is stored; a page at our own name, as after rebinding, may see that much.
      if (reply.type === "opaque") return "opaque" + (text ? ` read: ${text}` : "");
      return reply.ok ? `read: ${text}` : `refused ${reply.status}`;
    } catch (error) { return `failed ${error.name}`; }
  };
  const socket = (url, protocols) => new Promise((done) => {
    let made;
    try { made = new WebSocket(url, protocols); } catch (error) { done(`failed ${error.name}`); return; }
    made.onopen = () => made.send(mcp);
    made.onmessage = (message) => { made.close(); done(`read: ${message.data}`); };
    made.onerror = () => done("failed");
    made.onclose = () => done("closed");
  });
  const element = (tag, attributes) => new Promise((done) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.onload = () => done(tag === "iframe" || tag === "object" ? framed(made) : "opened");
    made.onerror = () => done("failed");
    document.body.append(made);
  });
  const framed = (frame) => {
    try { return frame.contentDocument ? `frame: ${frame.contentDocument.body.innerText}` : "closed frame"; } catch (error) { return "closed frame"; }
  };
  const form = (path, enctype, name, value) => new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), {name: `f${Math.random()}`});
    document.body.append(frame);
    const made = Object.assign(document.createElement("form"), {action: http + path, method: "POST", enctype, target: frame.name});
    made.append(Object.assign(document.createElement("textarea"), {name, value}));
    document.body.append(made);
    frame.onload = () => done(framed(frame));
    made.submit();
  });
  const events = (path) => new Promise((done) => {
    const made = new EventSource(http + path);
    made.onopen = () => { made.close(); done("opened"); };
    made.onmessage = (message) => { made.close(); done(`read: ${message.data}`); };
    made.onerror = () => { made.close(); done("failed"); };
  });
  const request = (path, headers, body) => new Promise((done) => {
    const made = new XMLHttpRequest();
    made.open("POST", http + path);
    for (const [name, value] of Object.entries(headers)) made.setRequestHeader(name, value);
    made.onload = () => done(made.status === 200 ? `read: ${made.responseText}` : `refused ${made.status}`);
    made.onerror = () => done("failed");
    made.send(body);
  });
  const beacon = (path, type, body) => {
    try { return navigator.sendBeacon(http + path, new Blob([body], {type})) ? "sent" : "not sent"; } catch (error) { return `failed ${error.name}`; }
  };
  const worked = (script) => new Promise((done) => {
    try {
      const made = new Worker(URL.createObjectURL(new Blob([script])));
      made.onmessage = (message) => done(message.data);
      made.onerror = () => done("failed");
    } catch (error) { done(`failed ${error.name}`); }
  });
  const inWorker = `fetch("${http}/rpc", {method: "POST", headers: {"Content-Type": "application/json"}, body: ${JSON.stringify(rpc)}})
    .then((r) => r.ok ? r.text() : Promise.reject(r.status)).then((t) => postMessage("read: " + t), (e) => postMessage("failed " + e))`;

  const attempts = {
    "websocket": () => socket(ws, ["mcp"]),
    "websocket without subprotocol": () => socket(ws),
    "websocket as an agent": () => socket(`${ws}?agent=ada`, ["mcp"]),
    "websocket at the other door": () => socket(http.replace("http", "ws") + "/mcp", ["mcp"]),
    "get health": () => fetched("/health"),
    "get mcp": () => fetched("/mcp", {headers: {Accept: "text/event-stream"}}),
    "get without cors": () => fetched("/health", {mode: "no-cors"}),
    "get rpc": () => fetched(`/rpc?request=${encodeURIComponent(rpc)}`),
    "post json": () => fetched("/rpc", {method: "POST", headers: json, body: rpc}),
    "post json to mcp": () => fetched("/mcp", {method: "POST", headers: modern, body: mcp}),
    "post json as an agent": () => fetched("/rpc", {method: "POST", headers: {...json, "X-Taskactors-Agent": "ada"}, body: rpc}),
    "post text": () => fetched("/rpc", {method: "POST", headers: {"Content-Type": "text/plain"}, body: rpc}),
    "post text with credentials": () => fetched("/rpc", {method: "POST", credentials: "include", headers: {"Content-Type": "text/plain"}, body: rpc}),
    "post text without cors": () => fetched("/rpc", {method: "POST", mode: "no-cors", body: rpc}),
    "post text to mcp without cors": () => fetched("/mcp", {method: "POST", mode: "no-cors", body: mcp}),
    "post json without cors": () => fetched("/rpc", {method: "POST", mode: "no-cors", headers: json, body: new Blob([rpc], {type: "application/json"})}),
    "post that outlives the page": () => fetched("/rpc", {method: "POST", mode: "no-cors", keepalive: true, body: rpc}),
    "put": () => fetched("/rpc", {method: "PUT", headers: json, body: rpc}),
    "delete": () => fetched("/mcp", {method: "DELETE", headers: {"Mcp-Session-Id": "x"}}),
    "xhr json": () => request("/rpc", json, rpc),
    "xhr text": () => request("/rpc", {"Content-Type": "text/plain"}, rpc),
    "worker": () => worked(inWorker),
    "form": () => form("/rpc", "application/x-www-form-urlencoded", "request", rpc),
    "text form": () => form("/rpc", "text/plain", rpc.slice(0, -1) + ',"x":"', '"}'),
    "multipart form": () => form("/rpc", "multipart/form-data", "request", rpc),
    "text form to mcp": () => form("/mcp", "text/plain", mcp.slice(0, -1) + ',"x":"', '"}'),
    "image": () => element("img", {src: `${http}/mcp?agent=ada`}),
    "script": () => element("script", {src: `${http}/health`}),
    "style": () => element("link", {rel: "stylesheet", href: `${http}/health`}),
    "frame": () => element("iframe", {src: `${http}/health`}),
    "object": () => element("object", {data: `${http}/health`}),
    "event source": () => events("/mcp"),
    "text beacon": () => beacon("/rpc", "text/plain", rpc),
    "json beacon": () => beacon("/rpc", "application/json", rpc),
    "json beacon to mcp": () => beacon("/mcp", "application/json", mcp),
  };
  const outcomes = {};
  for (const [name, attempt] of Object.entries(attempts)) outcomes[name] = await within(attempt());
  return outcomes;
})
