// Plain text mail, cut into paragraphs, quotations and links, so that the page can make elements of them.

export interface Piece {
  text: string;
  href?: string;
}
export interface Block {
  quoted: boolean;
  // How deep (">" signs); 0 outside of quotations.
  depth: number;
  lines: Piece[][];
}

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`]+|\bmailto:[^\s<>"'`]+|[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/giu;

export function linkify(line: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const match of line.matchAll(LINK)) {
    let link = match[0];
    // What ends a sentence does not belong to the address; a bracket does when it was opened in it.
    for (;;) {
      const last = link.at(-1)!;
      if (/[.,;:!?'"*_]/.test(last) || (last === ')' && !link.includes('(')) || last === ']' || last === '}') link = link.slice(0, -1);
      else break;
    }
    if (match.index > at) out.push({ text: line.slice(at, match.index) });
    const href = /^(https?:|mailto:)/i.test(link) ? link : /^www\./i.test(link) ? `https://${link}` : `mailto:${link}`;
    out.push({ text: link, href });
    at = match.index + link.length;
  }
  if (at < line.length) out.push({ text: line.slice(at) });
  return out;
}

export function blocks(text: string): Block[] {
  const out: Block[] = [];
  for (const raw of text.replace(/\r\n?/g, '\n').replace(/\s+$/, '').split('\n')) {
    const mark = /^((?:> ?)+)/.exec(raw);
    const depth = mark ? mark[1]!.replaceAll(' ', '').length : 0;
    const line = linkify(mark ? raw.slice(mark[1]!.length) : raw);
    const last = out.at(-1);
    if (last && last.depth === depth) last.lines.push(line);
    else out.push({ quoted: depth > 0, depth, lines: [line] });
  }
  return out;
}

// Each line with a ">" before it (RFC 3676 4.5).
export function quote(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\s+$/, '')
    .split('\n')
    .map((line) => (line.startsWith('>') ? `>${line}` : line ? `> ${line}` : '>'))
    .join('\n');
}

// "Re: Re: AW: x" -> "x".
export function baseSubject(subject: string): string {
  return subject.replace(/^(?:\s*(?:re|aw|wg|fwd?|rv|sv|antw|tr|réf|رد)(?:\[\d+\])?\s*:\s*)+/iu, '').trim();
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]!);
}
