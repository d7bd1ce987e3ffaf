"""HTML as text: what a reader sees, form values too, and nothing that is hidden."""

import pytest

from adapter.errors import PayloadUnreadable
from adapter.pipeline.decode.html_text import html_field_to_text, html_to_text
from tests.unit.decode.reading import TEXT, contract, error_of, record


def test_a_page_becomes_one_field_of_the_record() -> None:
    schema = contract(mail=TEXT, sender={"enum": ["A"]})
    assert record("<p>Rechnung <b>4711</b><br>12,50 &euro;</p>", {"html": {}}, schema) == {
        "mail": "Rechnung **4711**  \n12,50 €"
    }


def test_plain_text_becomes_one_field_unchanged() -> None:
    assert record(" a <b>\r\n", {"text": {"field": "body"}}) == {"body": " a <b>\r\n"}


def test_tables_become_markdown_tables_with_their_spans_filled() -> None:
    markup = "<table><tr><th rowspan=2>A<th colspan=2>B</tr><tr><td>1|2<td>x<br>y</tr></table>"
    assert html_to_text(markup) == "| A | B |  |\n| --- | --- | --- |\n| A | 1\\|2 | x<br>y |"


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ('<label>Name<input name=n value="Müller"></label>', "Name Müller"),
        ("<select><option>A<option selected>B</select>", "B"),
        ("<select><option>A<option>B</select>", "A"),
        ("<select multiple><option>A<option>B</select>x", "x"),
        ("<textarea>one\ntwo</textarea>", "one  \ntwo"),
        ("<input type=checkbox checked> yes <input type=radio> no", "[x] yes [ ] no"),
        ("<form><p>in a form</p></form>", "in a form"),
        ("<nav>menu</nav>", "menu"),
    ],
)
def test_values_of_forms_are_kept(markup: str, shown: str) -> None:
    assert html_to_text(markup) == shown


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">SECRET</p>',
        '<p style="color:red; DISPLAY : /*x*/ none !important">SECRET</p>',
        '<p style="dis\\70 lay:none">SECRET</p>',
        '<span style="visibility: hidden">SECRET</span>',
        '<span style="font-size:0px">SECRET</span>',
        '<span style="opacity:0;">SECRET</span>',
        "<div hidden><b>SECRET</b></div>",
        '<div aria-hidden="true">SECRET</div>',
        "<!-- SECRET -->",
        "<script>SECRET</script>",
        "<style>SECRET</style>",
        "<template>SECRET</template>",
        "<title>SECRET</title>",
        '<input type=hidden value="SECRET">',
        '<input type=password value="SECRET">',
        '<img src="https://SECRET">',
        '<a href="javascript:SECRET">x</a>',
    ],
)
def test_what_is_hidden_is_dropped_and_what_follows_is_kept(hidden: str) -> None:
    text = html_to_text(f"<p>before</p>{hidden}after")
    assert "SECRET" not in text
    assert text.startswith("before")
    assert text.endswith("after")


def test_half_visible_text_is_kept() -> None:
    assert html_to_text('<p style="opacity:0.5; font-size:10px">seen</p>') == "seen"


def test_text_of_images_and_targets_of_links_are_kept() -> None:
    assert html_to_text('<img alt="Logo" src="x"> <a href="https://a.b/c">link</a>').split() == [
        "Logo",
        "[link](https://a.b/c)",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a &amp; b\nc", "a & b\nc"),
        ("reply to <kunde@example.org>", "reply to <kunde@example.org>"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("Hi<br/>there", "Hi  \nthere"),
    ],
)
def test_a_field_marked_as_html_is_converted_only_if_it_holds_markup(text: str, shown: str) -> None:
    assert html_field_to_text(text) == shown


def test_fields_marked_as_html_are_converted_wherever_they_are() -> None:
    html = {"type": "string", "contentMediaType": "text/html"}
    schema = contract(notes={"type": "array", "items": contract(body=html)}, raw=TEXT)
    content = '{"notes": [{"body": "<p>x</p>"}, {"body": null}], "raw": "<p>x</p>"}'
    assert record(content, {"json": {}}, schema) == {"notes": [{"body": "x"}, {"body": None}], "raw": "<p>x</p>"}


@pytest.mark.parametrize("markup", ["<div>" * 300 + "x", "<b>" * 60_000])
def test_depth_and_size_are_bounded(markup: str) -> None:
    error_of(PayloadUnreadable, markup, {"html": {"field": "t"}})


@pytest.mark.parametrize(
    "markup",
    [
        "<table>" + "<tr><td colspan=999999999 rowspan=999999>a" * 2000 + "</table>",
        "<table><tr>" + "<td>x" * 4000 + "</tr>" + "<tr><td>y" * 10_000 + "</table>",
        "<blockquote>" * 50 + "<p>x</p>" * 10_000 + "</blockquote>" * 50,
        ("<table><tr><td>" * 80) + "<table>" + "<tr><td>x" * 10_000 + "</table>" * 81,
    ],
)
def test_small_pages_do_not_become_huge_texts(markup: str) -> None:
    assert len(html_to_text(markup)) < 20 * len(markup)


@pytest.mark.parametrize("markup", ["", "  ", "<!-- x -->", "<p></p>"])
def test_a_page_without_text_is_an_empty_text(markup: str) -> None:
    assert html_to_text(markup) == ""


def test_a_nul_does_not_end_the_text() -> None:
    assert html_to_text("<p>a\0b</p>c").split() == ["ab", "c"]
