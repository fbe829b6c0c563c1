"""Attachments for tests: the smallest documents of each kind, with one text in them."""

import io
import zipfile


def pdf(text):
    page = b"BT /F1 12 Tf 20 300 Td (" + text.encode() + b") Tj ET"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
               b"<</Length %d>>stream\n" % len(page) + page + b"\nendstream",
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)


def package(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as to:
        for name, content in files.items():
            to.writestr(name, content)
    return out.getvalue()


def docx(text):
    return package(**{"[Content_Types].xml": "<Types/>",
                      "word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="w"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>'})


def xlsx(text):
    return package(**{"xl/sharedStrings.xml": f"<sst><si><t>{text}</t></si></sst>",
                      "xl/worksheets/sheet1.xml": '<worksheet><sheetData><row><c t="s"><v>0</v></c><c><v>47110815</v></c></row></sheetData></worksheet>'})


def pptx(text):
    return package(**{"ppt/slides/slide1.xml": f"<p:sld><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>"})


def odt(text):
    return package(**{"mimetype": "application/vnd.oasis.opendocument.text",
                      "content.xml": f"<office:document-content><office:body><office:text><text:p>{text}</text:p></office:text></office:body></office:document-content>"})


def rtf(text):
    return ("{\\rtf1\\ansi\\deff0 " + text + "}").encode()


def bomb():
    """Unpacks to 200 MiB."""
    return package(**{"word/document.xml": b"<w:document>" + b" " * (200 << 20) + b"</w:document>"})


TYPES = {".pdf": "application/pdf",
         ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
         ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
         ".odt": "application/vnd.oasis.opendocument.text",
         ".rtf": "application/rtf"}
