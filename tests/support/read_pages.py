"""HTML pages as a browser would understand them, without one."""

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Elements of a page; whatever is not closed properly is an error."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        """Tag and attributes, in their order."""
        self.texts = []
        self.headings = []
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == [], f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {attrs}"
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data):
        self.texts.append(data)
        if self._open and self._open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data.strip())

    @property
    def tags(self):
        return {tag for tag, _ in self.elements}

    @property
    def text(self):
        return "".join(self.texts)

    @property
    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def links(self):
        return [attributes["href"] for _, attributes in self.elements if "href" in attributes]

    @property
    def loaded(self):
        """Return whatever a browser would fetch."""
        named = ("src", "srcset", "xlink:href", "data", "action", "poster")
        fetched = [attributes[name] for _, attributes in self.elements for name in named if name in attributes]
        return fetched + [attributes["href"] for tag, attributes in self.elements if tag == "link"]
