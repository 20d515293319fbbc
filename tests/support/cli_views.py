"""What the REST API would answer: views of instances and applications, and a client that answers from a table."""

from roboconf_core.errors import InvalidRequestError


def instance(path, status="DEPLOYED_STARTED", *, children=(), **more):
    """Return the view of an instance that is as it is wanted, unless told otherwise."""
    view = {
        "path": path,
        "name": path.rpartition("/")[2],
        "component": "Thing",
        "machine": path.count("/") == 1,
        "desired": status,
        "removing": False,
        "exports": {},
        "status": status,
        "since": 0.0,
        "waits": [],
        "problem": "",
        "failure": None,
        "action": None,
        "action_since": 0.0,
        "action_timeout_s": 0.0,
        "imports": [],
        "target": None,
        "children": list(children),
    }
    return view | more


def failure(action="start", reason="exit status 3", **more):
    """Return a failed action as a view has it."""
    plain = {"attempt": 1, "exhausted": False, "next_try": None, "stdout": "", "stderr": ""}
    return {"action": action, "reason": reason} | plain | more


def application(*roots, name="shop"):
    """Return the view of an application."""
    return {"name": name, "instances": list(roots)}


class Answers:
    """A client whose answers are given beforehand: one for each path, or one after the other; it notes what is asked."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def get(self, path, **query):
        """Return the answer to a path; of a tuple the next one, the last again and again."""
        self.asked.append(("GET", path, query))
        return self._answer(path)

    def items(self, path, **query):
        """Return the entries of a list."""
        self.asked.append(("GET", path, query))
        return iter(self._answer(path))

    def post(self, path, body=None):
        """Note a request."""
        self.asked.append(("POST", path, body))
        return self._answer(f"POST {path}")

    def delete(self, path, **query):
        """Note a request."""
        self.asked.append(("DELETE", path, query))
        return self._answer(f"DELETE {path}")

    def _answer(self, path):
        answer = self.answers.get(path, {})
        if isinstance(answer, tuple):
            answer, *rest = answer
            if rest:
                self.answers[path] = tuple(rest)
        if isinstance(answer, InvalidRequestError):
            raise answer
        return answer

    def changes(self):
        """Return the requests that change something."""
        return [(method, path) for method, path, _ in self.asked if method != "GET"]
