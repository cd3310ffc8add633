"""Templates whose constant parts are drawn once for each language instead of on every page.

Most of a page is words, icons, addresses and static files that are the same whoever asks. The loader draws them when
it compiles a template and keeps one compiled template for each language.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.template import Context, Template, TemplateDoesNotExist
from django.template.base import FilterExpression, Node, NodeList, TextNode, Variable, render_value_in_context
from django.template.defaulttags import CommentNode, LoadNode, URLNode
from django.template.library import SimpleNode
from django.template.loader_tags import IncludeNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, LanguageNode, TranslateNode
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch, get_script_prefix
from django.utils.translation import get_language, gettext

from core.ui.quick import quicken

Draw = TypeVar("Draw", bound=Callable[..., Any])


def constant(draw: Draw) -> Draw:
    """Mark a simple tag's function as depending on nothing but its arguments and the language."""
    draw.draws_constants = True  # type: ignore[attr-defined]
    return draw


class Loader(cached.Loader):
    """The cached loader, with a cache for each language and each prefix of addresses."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        """Raises TemplateDoesNotExist."""
        known = self.cache_key(template_name, skip) in self.get_template_cache
        template: Template = super().get_template(template_name, skip)
        if not known:
            _fold(template.nodelist, template)
        return template

    def cache_key(self, template_name: str, skip: Any = None) -> str:
        return f"{get_language()} {get_script_prefix()} {super().cache_key(template_name, skip)}"


class Sentence(Node):
    """A {% blocktranslate %} without a plural, already translated; only its values differ from page to page."""

    child_nodelists = ()

    def __init__(self, text: str, values: dict[str, FilterExpression | None]) -> None:
        self.text = text
        self.values = values

    def render(self, context: Context) -> str:
        values = {
            name: context.get(name, "") if value is None else value.resolve(context)
            for name, value in self.values.items()
        }
        return self.text % {name: render_value_in_context(value, context) for name, value in values.items()}


def _fold(nodes: NodeList, template: Template) -> None:
    """Draw what is constant in `nodes` and everything below, join neighbouring texts, and quicken the rest."""
    folded: list[Node] = []
    for node in nodes:
        quicken(node)
        _fold_below(node, template)
        node = _folded(node, template)  # noqa: PLW2901
        if isinstance(node, TextNode) and folded and isinstance(folded[-1], TextNode):
            folded[-1] = TextNode(folded[-1].s + node.s)
        else:
            folded.append(node)
    nodes[:] = folded


def _fold_below(node: Node, template: Template) -> None:
    if isinstance(node, LanguageNode):
        return  # drawn in another language than the template's
    for name in node.child_nodelists:
        if isinstance(below := getattr(node, name, None), NodeList):
            _fold(below, template)
    for _condition, below in getattr(node, "conditions_nodelists", ()):
        _fold(below, template)


def _folded(node: Node, template: Template) -> Node:
    """The node itself, or what it always draws."""
    if isinstance(node, (LoadNode, CommentNode)):
        return TextNode("")
    if isinstance(node, BlockTranslateNode):
        return _sentence(node)
    if isinstance(node, IncludeNode):
        return _included(node, template)
    if _is_constant(node):
        try:
            return TextNode(str(node.render(Context())))
        except (NoReverseMatch, ValueError):
            return node  # an address or a file that isn't there: raised where it is drawn, if it is
    return node


def _is_constant(node: Node) -> bool:
    if isinstance(node, TranslateNode):
        text = node.filter_expression
        literal = isinstance(text.var, Variable) and text.var.literal is not None
        return literal and not (text.filters or node.asvar or node.message_context)
    if isinstance(node, StaticNode):
        return node.varname is None and _is_literal(node.path)
    if isinstance(node, URLNode):
        # Names in Django's own admin depend on the request.
        own = _is_literal(node.view_name) and not str(node.view_name.var).startswith("admin:")
        return own and not (node.args or node.kwargs or node.asvar)
    if isinstance(node, SimpleNode) and getattr(node.func, "draws_constants", False):
        values = [*node.args, *node.kwargs.values()]
        return node.target_var is None and all(_is_literal(value) for value in values)
    return False


def _is_literal(expression: FilterExpression) -> bool:
    return not expression.filters and not isinstance(expression.var, Variable)


def _sentence(node: BlockTranslateNode) -> Node:
    if node.plural or node.message_context or node.asvar:
        return node
    message, names = node.render_token_list(node.singular)
    text = gettext(message)
    try:
        drawn = text % dict.fromkeys(names, "")
    except (KeyError, ValueError):
        return node  # which falls back to the untranslated text
    if not names:
        return TextNode(drawn)
    return Sentence(text, {name: node.extra_context.get(name) for name in names})


def _included(node: IncludeNode, template: Template) -> Node:
    """The text of an included template that is nothing but text."""
    if node.extra_context or node.isolated_context or not _is_literal(node.template):
        return node
    name = node.template.var
    if not isinstance(name, str) or name.startswith(("./", "../")):
        return node
    try:
        nodes = template.engine.get_template(name).nodelist
    except TemplateDoesNotExist:
        return node
    if not nodes:
        return TextNode("")
    return nodes[0] if len(nodes) == 1 and isinstance(nodes[0], TextNode) else node
