// HTML mail made harmless. Three walls stand one behind the other: what is not known to be harmless is removed here; the frame that shows
// it runs no scripts (sandbox) and has a policy that lets nothing be loaded (frame.ts); and the page's own policy does the same once more.
import DOMPurify, { type Config } from 'dompurify';

export interface CleanMail {
  // Elements for the body of the frame. Styles are not in them: `styles[n]` is that of the element with data-gp="n", so that a page
  // whose policy knows no inline style can set them by itself.
  html: string;
  styles: string[];
  // Style sheets.
  sheets: string[];
  // Images from elsewhere were left out.
  blocked: boolean;
  // It has colours of its own, so that it wants a white page.
  coloured: boolean;
}

export interface Options {
  // Images from elsewhere may be loaded.
  remote: boolean;
  // Address of the part with a Content-ID, if there is one: "" for images that will come later.
  cid: (id: string) => string | undefined;
}

// The name of style attributes where the page's policy would forbid them.
export const STYLE = 'data-gp-style';

// As others know them: for what leaves the page. `html` was written by the browser.
export function withStyles(html: string): string {
  return html.replaceAll(` ${STYLE}="`, ' style="');
}

const MAX_SHEETS = 50;

const CONFIG: Config = {
  USE_PROFILES: { html: true },
  WHOLE_DOCUMENT: true,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  ADD_TAGS: ['center', 'font'],
  ADD_ATTR: [STYLE],
  ADD_URI_SAFE_ATTR: [STYLE],
  FORBID_TAGS: [
    'form', 'input', 'button', 'select', 'option', 'optgroup', 'textarea', 'fieldset', 'label', 'output', 'progress', 'meter', 'datalist',
    'iframe', 'frame', 'frameset', 'object', 'embed', 'applet', 'param', 'audio', 'video', 'source', 'track', 'picture', 'map', 'area',
    'style', 'link', 'meta', 'base', 'title', 'dialog', 'template', 'slot', 'svg', 'math', 'noscript', 'portal', 'menu', 'menuitem', 'marquee', 'blink', 'details', 'summary',
  ],
  FORBID_ATTR: [
    'style',
    'srcset', 'sizes', 'poster', 'ping', 'action', 'formaction', 'autofocus', 'contenteditable', 'draggable', 'tabindex', 'accesskey', 'usemap', 'ismap', 'longdesc',
    'lowsrc', 'dynsrc', 'nonce', 'integrity', 'crossorigin', 'loading', 'is', 'popover', 'popovertarget', 'popovertargetaction', 'name', 'for', 'form', 'download', 'slot', 'part', 'inert', 'enterkeyhint', 'autocomplete', 'autocapitalize',
  ],
  RETURN_DOM: true,
};

const MAX_SHEET = 200_000;
// One pixel of nothing, where an image is not shown.
const EMPTY = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';
const IMAGE_DATA = /^data:image\/(?:png|gif|jpe?g|webp|avif|bmp);base64,[a-z0-9+/=\s]*$/i;

// Declarations that may load something or leave their place. Values are read after the browser has parsed them, so that no escape hides one.
function cleanDeclarations(style: CSSStyleDeclaration, remote: boolean): { text: string; blocked: boolean } {
  let text = '';
  let blocked = false;
  for (const name of Array.from(style)) {
    const value = style.getPropertyValue(name);
    if (name === 'position' || name === 'z-index' || name === 'behavior' || name === '-moz-binding' || name === 'content' || name.startsWith('--')) continue;
    if (/url\(|image-set\(|src\(|image\(|element\(|expression|attr\(|var\(|env\(/i.test(value)) {
      const loads = [...value.matchAll(/url\(\s*["']?([^"')]*)/gi)];
      const harmless = loads.length > 0 && !/image-set\(|src\(|image\(|element\(|expression|attr\(|var\(|env\(/i.test(value) && loads.every((m) => IMAGE_DATA.test(m[1]!));
      const wanted = remote && loads.length > 0 && loads.every((m) => /^https?:/i.test(m[1]!) || IMAGE_DATA.test(m[1]!));
      if (!harmless && !wanted) {
        if (loads.some((m) => /^(https?:)?\/\//i.test(m[1]!))) blocked = true;
        continue;
      }
    }
    text += `${name}:${value}${style.getPropertyPriority(name) ? ' !important' : ''};`;
  }
  return { text, blocked };
}

function cleanRules(rules: CSSRuleList, remote: boolean, depth: number): { text: string; blocked: boolean } {
  let text = '';
  let blocked = false;
  for (const rule of Array.from(rules)) {
    if (rule instanceof CSSStyleRule) {
      const one = cleanDeclarations(rule.style, remote);
      blocked ||= one.blocked;
      if (one.text) text += `${rule.selectorText}{${one.text}}`;
    } else if (rule instanceof CSSMediaRule && depth < 3) {
      const inner = cleanRules(rule.cssRules, remote, depth + 1);
      blocked ||= inner.blocked;
      text += `@media ${rule.conditionText}{${inner.text}}`;
    }
    // @import, @font-face and whatever is invented next: left out.
  }
  return { text, blocked };
}

function parseSheet(text: string): CSSStyleSheet | null {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text.slice(0, MAX_SHEET));
    return sheet;
  } catch {
    return null;
  }
}

// In a document without a window: nothing in it is loaded, and no policy of the page complains of it.
const inert = document.implementation.createHTMLDocument('');

// The page's policy holds for every document that it parses, and its breach by an inline style is reported even where nothing is shown. So
// style sheets are taken out and style attributes renamed before anything is parsed. It does not matter for safety when this is fooled:
// all of it is looked at again afterwards.
export function withoutStyles(html: string): { html: string; sheets: string[] } {
  const sheets: string[] = [];
  let out = '';
  let at = 0;
  const end = html.length;
  while (at < end) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    out += html.slice(at, open);
    at = open;
    if (html.startsWith('<!--', at)) {
      // Programs that are no browsers find their own styles in comments.
      const close = html.indexOf('-->', at + 4);
      at = close < 0 ? end : close + 3;
      continue;
    }
    if (!/[a-z]/i.test(html[at + 1] ?? '')) {
      out += '<';
      at++;
      continue;
    }
    const tag = readTag(html, at);
    if (/^<style[\s/>]/i.test(tag.text)) {
      const close = html.slice(tag.end).search(/<\/style/i);
      if (close < 0) break;
      sheets.push(html.slice(tag.end, tag.end + close));
      const after = html.indexOf('>', tag.end + close);
      at = after < 0 ? end : after + 1;
      if (sheets.length >= MAX_SHEETS) return { html: out, sheets };
      continue;
    }
    out += tag.text;
    at = tag.end;
  }
  return { html: out + html.slice(at).replace(/^<style[\s\S]*$/i, ''), sheets };
}

// A tag from its "<" to behind its ">" (HTML, 13.2.5), with its style attribute under another name.
function readTag(html: string, begin: number): { text: string; end: number } {
  let text = '';
  let at = begin + 1;
  const name = /[^\s/>]*/y;
  name.lastIndex = at;
  text = `<${name.exec(html)![0]}`;
  at = begin + text.length;
  const space = /[\s/]*/y;
  const attribute = /=?[^\s/>=]*/y;
  const equals = /\s*=\s*/y;
  const bare = /[^\s>]*/y;
  while (at < html.length) {
    space.lastIndex = at;
    const blank = space.exec(html)![0];
    text += blank;
    at += blank.length;
    if (at >= html.length) break;
    if (html[at] === '>') return { text: `${text}>`, end: at + 1 };
    attribute.lastIndex = at;
    const key = attribute.exec(html)![0];
    at += key.length;
    text += /^style$/i.test(key) ? STYLE : key;
    equals.lastIndex = at;
    const sign = equals.exec(html)?.[0];
    if (sign === undefined) continue;
    text += sign;
    at += sign.length;
    const quote = html[at];
    let value: string;
    if (quote === '"' || quote === "'") {
      const close = html.indexOf(quote, at + 1);
      value = close < 0 ? html.slice(at) : html.slice(at, close + 1);
    } else {
      bare.lastIndex = at;
      value = bare.exec(html)![0];
    }
    text += value;
    at += value.length;
  }
  return { text, end: html.length };
}

export function sanitize(html: string, options: Options): CleanMail {
  const out: CleanMail = { html: '', styles: [], sheets: [], blocked: false, coloured: false };
  const taken = withoutStyles(html);
  for (const text of taken.sheets) {
    const sheet = parseSheet(text);
    if (!sheet) continue;
    const clean = cleanRules(sheet.cssRules, options.remote, 0);
    out.blocked ||= clean.blocked;
    if (clean.text) out.sheets.push(clean.text);
  }
  const root = DOMPurify(window).sanitize(taken.html, CONFIG) as unknown as HTMLElement;
  for (const element of [root, ...Array.from(root.querySelectorAll<HTMLElement>('*'))]) cleanElement(element, options, out);
  for (const style of Array.from(root.querySelectorAll('style, head'))) style.remove();
  const body = root.querySelector('body') ?? root;
  // What the mail says of its body holds for a box that stands for it.
  const box = inert.createElement('div');
  for (const { name, value } of Array.from(body.attributes)) if (['data-gp', 'dir', 'lang', 'class', 'id', 'bgcolor', 'align'].includes(name)) box.setAttribute(name, value);
  const colour = box.getAttribute('bgcolor');
  if (colour && !box.hasAttribute('data-gp')) {
    box.setAttribute('data-gp', String(out.styles.length));
    out.styles.push(/^[#\w]{1,32}$/.test(colour) ? `background-color:${colour}` : '');
  }
  box.innerHTML = body.innerHTML;
  out.html = box.outerHTML;
  out.coloured = /background|(^|[;{\s])color\s*:/i.test(out.styles.join(';') + out.sheets.join('')) || /\bbgcolor=|<font[^>]*color=/i.test(out.html);
  return out;
}

function cleanElement(element: HTMLElement, options: Options, out: CleanMail): void {
  element.removeAttribute('style');
  const style = element.getAttribute(STYLE);
  if (style !== null) {
    element.removeAttribute(STYLE);
    const parsed = inert.createElement('span').style;
    parsed.cssText = style;
    const clean = cleanDeclarations(parsed, options.remote);
    out.blocked ||= clean.blocked;
    if (clean.text) {
      element.setAttribute('data-gp', String(out.styles.length));
      out.styles.push(clean.text);
    }
  }
  const background = element.getAttribute('background');
  if (background !== null) {
    element.removeAttribute('background');
    if (/^(https?:)?\/\//i.test(background.trim())) out.blocked ||= !options.remote;
  }
  // IDs of mail are its own affair; they cannot name anything of ours in their frame, but clobbering is not made easy either.
  if (element instanceof HTMLElement && element.id && !/^[\w-]{1,100}$/.test(element.id)) element.removeAttribute('id');
  if (element.tagName === 'A') cleanLink(element as HTMLAnchorElement);
  else if (element.hasAttribute('href')) element.removeAttribute('href');
  if (element.tagName === 'IMG') cleanImage(element as HTMLImageElement, options, out);
  else if (element.hasAttribute('src')) element.removeAttribute('src');
  for (const { name } of Array.from(element.attributes)) {
    if (name.startsWith('on') || name === 'target' || name === 'xlink:href' || name === 'cite') {
      if (name !== 'target' || element.tagName !== 'A') element.removeAttribute(name);
    }
  }
}

function cleanLink(link: HTMLAnchorElement): void {
  const href = (link.getAttribute('href') ?? '').trim();
  link.removeAttribute('target');
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(href)) {
    link.removeAttribute('href');
    return;
  }
  link.setAttribute('href', href);
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer nofollow');
  // Where it really leads, whatever its text says.
  link.setAttribute('title', href.slice(0, 500));
}

function cleanImage(image: HTMLImageElement, options: Options, out: CleanMail): void {
  const src = (image.getAttribute('src') ?? '').trim();
  image.removeAttribute('src');
  if (/^cid:/i.test(src)) {
    let id = src.slice(4);
    try {
      id = decodeURIComponent(id);
    } catch {
      // As it is written.
    }
    const address = options.cid(id.replace(/^<|>$/g, ''));
    if (address) image.setAttribute('src', address);
    else if (address === '') image.setAttribute('data-gp-cid', id);
  } else if (IMAGE_DATA.test(src)) {
    image.setAttribute('src', src);
  } else if (/^(https?:)?\/\//i.test(src)) {
    if (options.remote) {
      // Never without TLS from a page that has it.
      image.setAttribute('src', src.replace(/^(http:)?\/\//i, 'https://'));
      image.setAttribute('referrerpolicy', 'no-referrer');
    } else {
      out.blocked = true;
      image.setAttribute('src', EMPTY);
      image.setAttribute('data-gp-blocked', '');
    }
  }
}
