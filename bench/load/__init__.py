"""The load: agents that each wait for an answer before they ask again, cheap enough never to be what is measured."""
