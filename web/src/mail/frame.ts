// The frame that shows an HTML mail: no scripts, and a policy by which nothing is loaded but what the reader asked for.
import type { CleanMail } from './sanitize';

export function frameDocument(remote: boolean): string {
  const policy = `default-src 'none'; img-src blob: data:${remote ? ' https:' : ''}; form-action 'none'; base-uri 'none'`;
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer"><title></title></head><body></body></html>`;
}

const BASE = `
html{overflow-x:auto;overflow-y:hidden;color-scheme:light}
html.dark{color-scheme:dark}
body{margin:0;padding:1px;font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:#1b1d22;overflow-wrap:break-word;word-break:normal}
html.paper body{background:#fff;padding:12px}
html.dark body{color:#e4e6ec}
img{max-width:100%}
img:not([height]){height:auto}
table{max-width:100%}
a{color:#2f49d8}
html.dark a{color:#9db0ff}
blockquote{margin:.6em 0;padding-inline-start:12px;border-inline-start:3px solid #8884}
pre{white-space:pre-wrap}
img[data-gp-blocked]{background:#8882;border-radius:3px}
img[data-gp-cid]{min-width:24px;min-height:24px;background:#8882}
`;

// Fills a frame that has loaded. The page does by the object model what its policy forbids to markup.
export function fillFrame(frame: HTMLIFrameElement, mail: CleanMail, look: { dark: boolean; paper: boolean }): void {
  const doc = frame.contentDocument;
  const view = frame.contentWindow as (Window & typeof globalThis) | null;
  if (!doc || !view) return;
  doc.documentElement.className = `${look.dark ? 'dark' : ''} ${look.paper ? 'paper' : ''}`.trim();
  doc.body.innerHTML = mail.html;
  doc.adoptedStyleSheets = [BASE, ...mail.sheets].map((text) => {
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  for (const element of Array.from(doc.querySelectorAll<HTMLElement>('[data-gp]'))) {
    const style = mail.styles[Number(element.getAttribute('data-gp'))];
    element.removeAttribute('data-gp');
    if (style) element.style.cssText = style;
  }
}
