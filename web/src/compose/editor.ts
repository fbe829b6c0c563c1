// The editor for text with formatting.
import { baseKeymap, chainCommands, createParagraphNear, exitCode, lift, liftEmptyBlock, newlineInCode, setBlockType, splitBlock, toggleMark, wrapIn } from 'prosemirror-commands';
import { history, redo, undo } from 'prosemirror-history';
import { inputRules, wrappingInputRule } from 'prosemirror-inputrules';
import { keymap } from 'prosemirror-keymap';
import type { MarkType, Node as ProseNode, NodeType } from 'prosemirror-model';
import { liftListItem, sinkListItem, splitListItem, wrapInList } from 'prosemirror-schema-list';
import { EditorState, Plugin, Selection, type Command } from 'prosemirror-state';
import { EditorView, type NodeView } from 'prosemirror-view';
import { fillFrame, frameDocument } from '../mail/frame';
import { sanitize } from '../mail/sanitize';
import { parseHtml, schema, toHtml } from './schema';

const { nodes, marks } = schema;

const hardBreak: Command = chainCommands(exitCode, (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
});

export interface EditorHooks {
  label: string;
  quoteLabel: string;
  dark: () => boolean;
  changed: (html: string) => void;
  // Which marks and blocks the cursor is in.
  stood: (active: ReadonlySet<string>) => void;
  files: (files: File[]) => void;
  send: () => void;
}

// The quoted original: shown as mail is, in a frame, and one piece for the keyboard.
class Quoted implements NodeView {
  readonly dom = document.createElement('div');
  constructor(node: ProseNode, hooks: EditorHooks) {
    this.dom.className = 'gp-quoted';
    this.dom.contentEditable = 'false';
    const toggle = document.createElement('button');
    toggle.type = 'button';
    toggle.className = 'gp-dots';
    toggle.textContent = '•••';
    toggle.title = hooks.quoteLabel;
    toggle.setAttribute('aria-label', hooks.quoteLabel);
    toggle.setAttribute('aria-expanded', 'false');
    this.dom.append(toggle);
    let frame: HTMLIFrameElement | null = null;
    toggle.addEventListener('click', () => {
      if (frame) {
        frame.remove();
        frame = null;
      } else {
        const clean = sanitize(node.attrs['html'] as string, { remote: false, cid: () => undefined });
        frame = document.createElement('iframe');
        frame.setAttribute('sandbox', 'allow-same-origin');
        frame.title = hooks.quoteLabel;
        frame.srcdoc = frameDocument(false);
        const dark = hooks.dark() && !clean.coloured;
        const shown = frame;
        shown.addEventListener('load', () => {
          fillFrame(shown, clean, { dark, paper: hooks.dark() && clean.coloured });
          shown.style.height = `${Math.min(20_000, (shown.contentDocument?.body.getBoundingClientRect().height ?? 100) + 20)}px`;
        });
        this.dom.append(frame);
      }
      toggle.setAttribute('aria-expanded', String(frame !== null));
    });
  }
  stopEvent(event: globalThis.Event): boolean {
    return (event.target as HTMLElement).closest?.('button') !== null;
  }
  ignoreMutation(): boolean {
    return true;
  }
}

function active(state: EditorState): Set<string> {
  const out = new Set<string>();
  const { from, to, empty, $from } = state.selection;
  for (const [name, type] of Object.entries(marks) as [string, MarkType][]) {
    if (empty ? type.isInSet(state.storedMarks ?? $from.marks()) : state.doc.rangeHasMark(from, to, type)) out.add(name);
  }
  for (let depth = $from.depth; depth > 0; --depth) out.add($from.node(depth).type.name);
  return out;
}

export class RichEditor {
  readonly view: EditorView;
  constructor(place: HTMLElement, html: string, hooks: EditorHooks) {
    const state = EditorState.create({
      doc: parseHtml(html),
      plugins: [
        history(),
        inputRules({
          rules: [
            wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
            wrappingInputRule(/^\s*[-*]\s$/, nodes.bullet_list),
            wrappingInputRule(/^(\d+)\.\s$/, nodes.ordered_list, (match) => ({ order: Number(match[1]) })),
          ],
        }),
        keymap({
          'Mod-Enter': () => (hooks.send(), true),
          'Mod-z': undo,
          'Mod-y': redo,
          'Shift-Mod-z': redo,
          'Mod-b': toggleMark(marks.strong),
          'Mod-i': toggleMark(marks.em),
          'Mod-u': toggleMark(marks.underline),
          'Shift-Enter': hardBreak,
          Enter: chainCommands(splitListItem(nodes.list_item), newlineInCode, createParagraphNear, liftEmptyBlock, splitBlock),
          'Mod-[': liftListItem(nodes.list_item),
          'Mod-]': sinkListItem(nodes.list_item),
        }),
        keymap(baseKeymap),
        new Plugin({
          props: {
            handlePaste: (_view, event) => {
              const files = Array.from(event.clipboardData?.files ?? []);
              if (files.length === 0 || event.clipboardData?.types.includes('text/html')) return false;
              hooks.files(files);
              return true;
            },
            handleDrop: (_view, event) => {
              const files = Array.from(event.dataTransfer?.files ?? []);
              if (files.length === 0) return false;
              event.preventDefault();
              event.stopPropagation();
              hooks.files(files);
              return true;
            },
          },
        }),
      ],
    });
    this.view = new EditorView(place, {
      state,
      attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-label': hooks.label, dir: 'auto', class: 'gp-editor' },
      nodeViews: { quoted: (node) => new Quoted(node, hooks) },
      dispatchTransaction: (tr) => {
        const next = this.view.state.apply(tr);
        this.view.updateState(next);
        if (tr.docChanged) hooks.changed(toHtml(next.doc));
        hooks.stood(active(next));
      },
    });
  }
  html(): string {
    return toHtml(this.view.state.doc);
  }
  set(html: string): void {
    const change = this.view.state.tr.replaceWith(0, this.view.state.doc.content.size, parseHtml(html).content);
    this.view.dispatch(change.setSelection(Selection.atStart(change.doc)));
  }
  focusStart(): void {
    this.view.dispatch(this.view.state.tr.setSelection(Selection.atStart(this.view.state.doc)));
    this.view.focus();
  }
  private run(command: Command): void {
    command(this.view.state, this.view.dispatch, this.view);
    this.view.focus();
  }
  mark(name: 'strong' | 'em' | 'underline'): void {
    this.run(toggleMark(marks[name]));
  }
  list(name: 'bullet_list' | 'ordered_list'): void {
    const inList = active(this.view.state).has(name);
    this.run(inList ? liftListItem(nodes.list_item) : wrapInList(nodes[name] as NodeType));
  }
  quote(): void {
    this.run(active(this.view.state).has('blockquote') ? lift : wrapIn(nodes.blockquote));
  }
  link(href: string): void {
    const { state } = this.view;
    if (state.selection.empty) {
      this.view.dispatch(state.tr.replaceSelectionWith(schema.text(href, [marks.link.create({ href })]), false));
      this.view.focus();
    } else {
      this.run(toggleMark(marks.link, { href }));
    }
  }
  unlink(): void {
    this.run(toggleMark(marks.link));
  }
  clear(): void {
    const { from, to } = this.view.state.selection;
    this.view.dispatch(this.view.state.tr.removeMark(from, to));
    this.run(setBlockType(nodes.paragraph));
  }
  image(src: string, cid: string, alt: string): void {
    this.view.dispatch(this.view.state.tr.replaceSelectionWith(nodes.image.create({ src, cid, alt })).scrollIntoView());
    this.view.focus();
  }
  destroy(): void {
    this.view.destroy();
  }
}
