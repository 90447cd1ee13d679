"""A Messages API on loopback that plays a script, enough for the real client to run agents against.

A script says what the main thread calls, turn by turn, and what each agent does; an agent is known by a word of its
task. Everything the client sends is kept, so that a test sees exactly what an agent was given.

    script = Script(
        main=[[agent("ALPHA: check the model", "dbt-expert"), agent("BETA: look", "Explore")]],
        agents={"ALPHA": AgentScript(turns=[[tool("Read", file_path=path)]], delay=0.2)},
    )
    with FakeAPI(script) as api: ...
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

#: In the system prompt of every request that an agent makes, and of none that the main thread makes, from 2.1.205 on at the latest.
_AGENT_MARK = "cc_is_subagent=true"
#: The client's version, in the system prompt of all its requests. Before the mark agents could not start agents.
_VERSION = re.compile(r"cc_version=(\d+)\.(\d+)\.(\d+)")
_MARKED_FROM = (2, 1, 205)
_CONTEXT_HEAD = "hook additional context: "


@dataclass(frozen=True)
class ToolCall:
    name: str
    input: Mapping[str, Any]


def tool(name: str, /, **arguments: Any) -> ToolCall:
    """A call of the tool `name`."""
    return ToolCall(name, arguments)


def agent(prompt: str, kind: str | None = None, *, description: str = "a task", **more: Any) -> ToolCall:
    """A call of the Agent tool: `kind` is its subagent_type, `more` goes in as it is (run_in_background, model)."""
    named = {"subagent_type": kind} if kind else {}
    return ToolCall("Agent", {"description": description, "prompt": prompt, **named, **more})


def workflow(*tasks: tuple[str, str]) -> ToolCall:
    """A call of the Workflow tool whose script starts one agent per (task, agent type), all at once."""
    calls = ", ".join(
        f"() => agent({json.dumps(task)}, {{agentType: {json.dumps(kind)}, label: {json.dumps(kind)}, phase: 'Work'}})"
        for task, kind in tasks
    )
    script = (
        "export const meta = { name: 'scripted', description: 'agents of a test', phases: [{ title: 'Work' }] }\n"
        f"phase('Work')\nreturn await parallel([{calls}])\n"
    )
    return tool("Workflow", script=script)


@dataclass(frozen=True)
class AgentScript:
    """What an agent does: its tool calls turn by turn, then `answer`.

    delay: seconds each of its answers takes; last: those the last one takes besides. hold: no answer at all before the
    API lets go of it, or is closed. status: of the HTTP answer, where that is an error.
    """

    turns: Sequence[Sequence[ToolCall]] = ()
    answer: str = "AGENT DONE"
    delay: float = 0.0
    last: float = 0.0
    hold: bool = False
    status: int = 200


@dataclass(frozen=True)
class Script:
    """Main thread turns (each a list of calls made at once), and agents by a word of their task."""

    main: Sequence[Sequence[ToolCall]] = ()
    agents: Mapping[str, AgentScript] = field(default_factory=dict)
    answer: str = "MAIN DONE"
    #: Input tokens reported for a request, per character of its body.
    tokens_per_character: float = 0.25


@dataclass(frozen=True)
class Request:
    """One request as the client sent it."""

    body: Mapping[str, Any]
    by_agent: bool
    #: Word of the script that names the agent; "" for the main thread and for agents the script does not know.
    name: str
    #: How many answers the asker has had already; 0 is an agent's first request.
    turn: int

    @property
    def prompt(self) -> str:
        """The task as the model reads it: the first user message without the client's reminders."""
        blocks = _texts(self.body["messages"][0])
        return "\n".join(text for text in blocks if not text.startswith("<system-reminder>"))

    @property
    def system(self) -> str:
        system = self.body.get("system", "")
        return system if isinstance(system, str) else "\n".join(block.get("text", "") for block in system)

    @property
    def context(self) -> str:
        """What hooks gave as additional context, with whatever the client says after it; "" when nothing."""
        for message in self.body["messages"]:
            for text in _texts(message):
                head, mark, rest = text.partition(_CONTEXT_HEAD)
                if mark and len(head) < 40:
                    return rest
        return ""

    @property
    def text(self) -> str:
        """Everything the model is given in this request, as one text."""
        return "\n".join([self.system, *(t for message in self.body["messages"] for t in _texts(message))])


class FakeAPI:
    """The server, as a context manager. `requests` grows while the client runs."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._let_go = threading.Event()
        self._ids = itertools.count(1)
        api = self

        class Handler(_Handler):
            def respond(self, body: dict[str, Any], size: int) -> None:
                api._respond(self, body, size)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeAPI:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.let_go()
        self._server.shutdown()
        self._server.server_close()

    def let_go(self) -> None:
        """Answer the agents that are held, now and from now on."""
        self._let_go.set()

    def first_requests(self, name: str | None = None) -> list[Request]:
        """First request of every agent, or of the agents the script knows as `name`."""
        found = [r for r in self.requests if r.by_agent and r.turn == 0]
        return found if name is None else [r for r in found if r.name == name]

    def first_request(self, name: str) -> Request:
        """First request of the one agent known as `name`."""
        (only,) = self.first_requests(name)
        return only

    def wait_for_agents(self, count: int, timeout: float = 120.0) -> None:
        """Return once `count` agents have asked for the first time. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.first_requests()) >= count, timeout):
                raise TimeoutError(f"{len(self.first_requests())} of {count} agents asked within {timeout} s")

    def _respond(self, handler: _Handler, body: dict[str, Any], size: int) -> None:
        request = self._understand(body)
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        if request.by_agent:
            plan = self.script.agents.get(request.name, AgentScript())
            turns, answer = plan.turns, plan.answer
            delay = plan.delay + (plan.last if request.turn >= len(plan.turns) else 0.0)
            if plan.hold:
                self._let_go.wait()
            if delay:
                self._closing.wait(delay)
            if plan.status != 200:
                error = {"type": "invalid_request_error", "message": "the request cannot be served"}
                handler.refuse(plan.status, {"type": "error", "error": error})
                return
        else:
            turns, answer = self.script.main, self.script.answer
        calls = turns[request.turn] if request.turn < len(turns) else ()
        blocks = [
            {
                "type": "tool_use",
                "id": f"toolu_{next(self._ids):012d}",
                "name": c.name,
                "input": dict(c.input),
            }
            for c in calls
        ] or [{"type": "text", "text": answer}]
        tokens = max(1, int(size * self.script.tokens_per_character))
        handler.stream(f"msg_{next(self._ids):012d}", body.get("model", ""), blocks, tokens)

    def _understand(self, body: dict[str, Any]) -> Request:
        messages = body.get("messages", [])
        by_agent = _is_by_agent(body)
        if not by_agent:
            return Request(body, False, "", sum(m["role"] == "assistant" for m in messages))
        # A fork inherits the parent's messages: its own task is in the last user message that knows a name.
        for at in range(len(messages) - 1, -1, -1):
            if messages[at]["role"] != "user":
                continue
            text = "\n".join(_texts(messages[at]))
            for name in self.script.agents:
                if name in text:
                    turn = sum(m["role"] == "assistant" for m in messages[at:])
                    return Request(body, True, name, turn)
        return Request(body, True, "", sum(m["role"] == "assistant" for m in messages))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self, body: dict[str, Any], size: int) -> None:
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: a test's output is pytest's."""

    def do_GET(self) -> None:
        self._json({})

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            if "count_tokens" in self.path:
                self._json({"input_tokens": max(1, len(raw) // 4)})
            elif self.path.partition("?")[0].endswith("/v1/messages"):
                self.respond(json.loads(raw), len(raw))
            else:
                self._json({})
        except (BrokenPipeError, ConnectionResetError):  # a client that was killed
            self.close_connection = True

    def stream(self, message_id: str, model: str, blocks: Sequence[Mapping[str, Any]], tokens: int) -> None:
        """Send an assistant message as the server-sent events the client reads."""
        usage = {
            "input_tokens": tokens,
            "output_tokens": 20,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        }
        message: dict[str, object] = {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "usage": usage,
        }
        message.update(content=[], stop_reason=None, stop_sequence=None)
        stop = "tool_use" if blocks[0]["type"] == "tool_use" else "end_turn"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self._event("message_start", message=message)
        for index, block in enumerate(blocks):
            start: dict[str, object]
            if block["type"] == "text":
                start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
            else:
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            self._event("content_block_start", index=index, content_block=start)
            self._event("content_block_delta", index=index, delta=delta)
            self._event("content_block_stop", index=index)
        self._event(
            "message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 20}
        )
        self._event("message_stop")
        self.close_connection = True

    def _event(self, kind: str, **data: object) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())
        self.wfile.flush()

    def refuse(self, status: int, payload: Mapping[str, object]) -> None:
        """Answer with an error."""
        self._json(payload, status)

    def _json(self, payload: Mapping[str, object], status: int = 200) -> None:
        data = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _is_by_agent(body: Mapping[str, Any]) -> bool:
    """Whether an agent asks: by the client's mark, in an older client by the tool that only the main thread has."""
    system = json.dumps(body.get("system", ""))
    version = _VERSION.search(system)
    if _AGENT_MARK in system or version is None or tuple(map(int, version.groups())) >= _MARKED_FROM:
        return _AGENT_MARK in system
    names = {tool.get("name") for tool in body.get("tools", ())}
    return bool(names) and not names & {"Agent", "Task"}


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message["content"]
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content if block.get("type") == "text"]
