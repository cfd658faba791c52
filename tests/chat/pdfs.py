"""PDF files made by hand: a text for each page, or a page with nothing but a drawing."""

from collections.abc import Sequence
from pathlib import Path


def write(file: Path, texts: Sequence[str]) -> Path:
    """Write a PDF; a page whose text is empty is as that of a scan."""
    pages = [f"{4 + 2 * at} 0 R" for at in range(len(texts))]
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(pages)}] /Count {len(texts)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for at, text in enumerate(texts):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font "
            f"<< /F1 3 0 R >> >> /Contents {5 + 2 * at} 0 R >>"
        )
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else "72 72 100 100 re f"
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    content = b"%PDF-1.4\n"
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{each}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    content += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
    ).encode()
    file.write_bytes(content)
    return file
