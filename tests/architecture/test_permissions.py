"""Every right that the code asks for is declared by a model, and the matrix names only such rights."""

import ast
import re
from pathlib import Path

from django.apps import apps

from core.accounts import roles
from tests.architecture.source import name, python_files, templates, tree

RIGHT = re.compile(r"[a-z_]+\.[a-z0-9_]+")
IN_TEMPLATE = re.compile(r"\bperms\.([a-z_]+\.[a-z0-9_]+)")
ASKING = {"has_perm", "require", "permission_required"}
NAMING = re.compile(r"(^|_)permissions?$")


def declared() -> set[str]:
    names = set()
    for model in apps.get_models():
        meta = model._meta
        names |= {f"{meta.app_label}.{action}_{meta.model_name}" for action in meta.default_permissions}
        names |= {f"{meta.app_label}.{codename}" for codename, _label in meta.permissions}
    return names


def asked_in(module: ast.Module) -> set[str]:
    """Text constants handed to has_perm() or require(), or to a name that ends in "permission"."""
    values: list[ast.expr] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            values += node.args if called in ASKING else []
            values += [keyword.value for keyword in node.keywords if NAMING.search(keyword.arg or "")]
        elif isinstance(node, ast.Assign):
            values += [node.value] if any(NAMING.search(getattr(t, "id", "")) for t in node.targets) else []
        elif isinstance(node, ast.AnnAssign) and node.value and NAMING.search(getattr(node.target, "id", "")):
            values.append(node.value)
    return {
        value.value
        for value in values
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and RIGHT.fullmatch(value.value)
    }


def constants_in(module: ast.Module) -> set[str]:
    """The values of permissions.py's constants (RELEASE_ORDER = "orders.release_order")."""
    return {
        node.value.value
        for node in module.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and RIGHT.fullmatch(node.value.value)
    }


def asked_by(path: Path) -> set[str]:
    if path.suffix == ".html":
        return set(IN_TEMPLATE.findall(path.read_text(encoding="utf-8")))
    module = tree(path)
    return asked_in(module) | (constants_in(module) if path.name == "permissions.py" else set())


def test_rights_asked_for_exist():
    known = declared()
    files = [*python_files(), *templates()]
    assert {name(path): unknown for path in files if (unknown := asked_by(path) - known)} == {}


def test_the_test_finds_rights_in_code():
    code = 'class Page:\n    permission = "a.b"\nuser.has_perm("c.d")\nPageAction(permission="e.f", url="x.y")'
    assert asked_in(ast.parse(code)) == {"a.b", "c.d", "e.f"}


def test_matrix_names_only_rights_that_exist():
    assert roles.unknown_codenames() == []


def test_every_own_right_is_granted_on_purpose():
    """A right of one's own that no role is given by name would be the manager's alone by oversight."""
    matrix = roles.matrix()
    forgotten = [
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if model._meta.app_label in matrix
        for codename, _label in model._meta.permissions
        if codename not in matrix[model._meta.app_label]
    ]
    assert forgotten == []
