// What can be written: paragraphs, lists, quotations, images that come with the message, and the quoted original as one piece.
import { Schema, type DOMOutputSpec, type Node as ProseNode, DOMParser, DOMSerializer } from 'prosemirror-model';

const p: DOMOutputSpec = ['p', 0];

export const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: { content: 'inline*', group: 'block', parseDOM: [{ tag: 'p' }, { tag: 'div', priority: 10 }], toDOM: () => p },
    heading: {
      attrs: { level: { default: 2 } },
      content: 'inline*',
      group: 'block',
      defining: true,
      parseDOM: [1, 2, 3, 4].map((level) => ({ tag: `h${level}`, attrs: { level } })),
      toDOM: (node) => [`h${node.attrs['level'] as number}`, 0],
    },
    quoted: {
      attrs: { html: { default: '' } },
      group: 'block',
      atom: true,
      selectable: true,
      draggable: false,
      parseDOM: [{ tag: 'blockquote[type=cite]', priority: 60, getAttrs: (dom) => ({ html: (dom as HTMLElement).innerHTML }) }],
      toDOM: () => ['blockquote', { type: 'cite' }],
    },
    blockquote: { content: 'block+', group: 'block', defining: true, parseDOM: [{ tag: 'blockquote' }], toDOM: () => ['blockquote', 0] },
    bullet_list: { content: 'list_item+', group: 'block', parseDOM: [{ tag: 'ul' }], toDOM: () => ['ul', 0] },
    ordered_list: {
      attrs: { order: { default: 1 } },
      content: 'list_item+',
      group: 'block',
      parseDOM: [{ tag: 'ol' }],
      toDOM: () => ['ol', 0],
    },
    list_item: { content: 'paragraph block*', defining: true, parseDOM: [{ tag: 'li' }], toDOM: () => ['li', 0] },
    code_block: { content: 'text*', marks: '', group: 'block', code: true, defining: true, parseDOM: [{ tag: 'pre', preserveWhitespace: 'full' }], toDOM: () => ['pre', 0] },
    horizontal_rule: { group: 'block', parseDOM: [{ tag: 'hr' }], toDOM: () => ['hr'] },
    text: { group: 'inline' },
    hard_break: { inline: true, group: 'inline', selectable: false, parseDOM: [{ tag: 'br' }], toDOM: () => ['br'] },
    image: {
      inline: true,
      group: 'inline',
      draggable: true,
      attrs: { src: {}, cid: { default: '' }, alt: { default: '' } },
      // Images from elsewhere do not come in by a paste: whoever reads the message would call on their server.
      parseDOM: [
        {
          tag: 'img[data-cid]',
          getAttrs: (dom) => {
            const image = dom as HTMLElement;
            const src = image.getAttribute('src') ?? '';
            return src.startsWith('blob:') ? { src, cid: image.getAttribute('data-cid'), alt: image.getAttribute('alt') ?? '' } : false;
          },
        },
      ],
      toDOM: (node) => ['img', { src: node.attrs['src'] as string, alt: node.attrs['alt'] as string, 'data-cid': node.attrs['cid'] as string }],
    },
  },
  marks: {
    link: {
      attrs: { href: {} },
      inclusive: false,
      parseDOM: [
        {
          tag: 'a[href]',
          getAttrs: (dom) => {
            const href = (dom as HTMLElement).getAttribute('href') ?? '';
            return /^(https?:\/\/|mailto:)/i.test(href) ? { href } : false;
          },
        },
      ],
      toDOM: (node) => ['a', { href: node.attrs['href'] as string, rel: 'noopener noreferrer nofollow' }, 0],
    },
    em: { parseDOM: [{ tag: 'i' }, { tag: 'em' }], toDOM: () => ['em', 0] },
    strong: { parseDOM: [{ tag: 'strong' }, { tag: 'b' }], toDOM: () => ['strong', 0] },
    underline: { parseDOM: [{ tag: 'u' }], toDOM: () => ['u', 0] },
    strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }], toDOM: () => ['s', 0] },
    code: { parseDOM: [{ tag: 'code' }], toDOM: () => ['code', 0] },
  },
});

// A document without a window: nothing in it is loaded or run.
const inert = document.implementation.createHTMLDocument('');

// `html` is harmless already (sanitize.ts).
export function parseHtml(html: string): ProseNode {
  const box = inert.createElement('div');
  box.innerHTML = html;
  return DOMParser.fromSchema(schema).parse(box);
}

export function toHtml(doc: ProseNode): string {
  const box = inert.createElement('div');
  box.append(DOMSerializer.fromSchema(schema).serializeFragment(doc.content, { document: inert }));
  const quotes: string[] = [];
  doc.descendants((node) => {
    if (node.type === schema.nodes.quoted) quotes.push(node.attrs['html'] as string);
  });
  for (const [i, quote] of Array.from(box.querySelectorAll('blockquote[type=cite]')).entries()) quote.innerHTML = quotes[i] ?? '';
  for (const image of Array.from(box.querySelectorAll('img[data-cid]'))) {
    image.setAttribute('src', `cid:${image.getAttribute('data-cid')}`);
    image.removeAttribute('data-cid');
  }
  // A line that is empty in the editor is one for the reader, too.
  for (const empty of Array.from(box.querySelectorAll('p:empty'))) empty.append(inert.createElement('br'));
  return box.innerHTML;
}

const BLOCKS = new Set(['P', 'DIV', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'LI', 'BLOCKQUOTE', 'PRE', 'TR', 'UL', 'OL', 'TABLE', 'HR', 'SECTION', 'ARTICLE', 'HEADER', 'FOOTER', 'CENTER']);

// The same for readers of plain text.
export function htmlToText(html: string): string {
  const box = inert.createElement('div');
  box.innerHTML = html;
  return nodeText(box)
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function nodeText(node: Node): string {
  let out = '';
  let number = 0;
  for (const child of Array.from(node.childNodes)) {
    if (child.nodeType === 3) {
      out += (child.textContent ?? '').replace(/[\s\u00a0]+/g, ' ');
      continue;
    }
    if (!(child instanceof Element)) continue;
    if (child.tagName === 'BR') {
      out += '\n';
      continue;
    }
    if (child.tagName === 'STYLE' || child.tagName === 'SCRIPT') continue;
    let inner = child.tagName === 'PRE' ? (child.textContent ?? '') : nodeText(child);
    if (child.tagName === 'A') {
      const href = child.getAttribute('href') ?? '';
      if (/^https?:/i.test(href) && inner.trim() && !href.includes(inner.trim().replace(/^https?:\/\//, ''))) inner = `${inner} <${href}>`;
    }
    if (!BLOCKS.has(child.tagName)) {
      out += inner;
      continue;
    }
    inner = inner.replace(/^\n+|\s+$/g, '');
    if (child.tagName === 'BLOCKQUOTE') inner = inner.split('\n').map((line) => (line.startsWith('>') ? `>${line}` : line ? `> ${line}` : '>')).join('\n');
    if (child.tagName === 'LI') inner = `${node instanceof Element && node.tagName === 'OL' ? `${++number}.` : '-'} ${inner.replaceAll('\n', '\n  ')}`;
    if (child.tagName === 'HR') inner = '----------';
    if (out && !out.endsWith('\n')) out += '\n';
    out += `${inner}\n`;
    if (child.tagName === 'BLOCKQUOTE' || /^H\d$/.test(child.tagName)) out += '\n';
  }
  return out;
}
