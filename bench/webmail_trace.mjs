// Reads Chromium's trace of a page: what each frame cost its main thread, in processor time (which says the same on a busy machine), and
// what became of the frames.
const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame'];

// Runs `what`; returns the events meanwhile.
export async function traced(cdp, what) {
  const events = [];
  const collect = ({ value }) => {
    for (const one of value) events.push(one);
  };
  cdp.on('Tracing.dataCollected', collect);
  const complete = new Promise((done) => cdp.once('Tracing.tracingComplete', done));
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { recordMode: 'recordAsMuchAsPossible', includedCategories: CATEGORIES } });
  try {
    await what();
  } finally {
    await cdp.send('Tracing.end');
    await complete;
    cdp.off('Tracing.dataCollected', collect);
  }
  return events;
}

const at = (sorted, part) => (sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]);
const round = (ms) => Math.round(ms * 10) / 10;

// The main thread of the page: of all renderers the one that did most.
function mainThread(events) {
  const spent = new Map();
  const mains = new Set(events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map((e) => `${e.pid}/${e.tid}`));
  for (const e of events) {
    const key = `${e.pid}/${e.tid}`;
    if (e.name === 'RunTask' && e.ph === 'X' && mains.has(key)) spent.set(key, (spent.get(key) ?? 0) + (e.tdur ?? 0));
  }
  return [...spent].sort((a, b) => b[1] - a[1])[0]?.[0];
}

// Milliseconds of processor time between the begin of one main frame and the next, and the longest tasks. Frames: what the compositor says of
// those that had something new to show.
export function frames(events) {
  const main = mainThread(events);
  const ours = events.filter((e) => `${e.pid}/${e.tid}` === main);
  const begins = ours.filter((e) => e.name === 'BeginMainThreadFrame').map((e) => e.ts).sort((a, b) => a - b);
  const tasks = ours.filter((e) => e.name === 'RunTask' && e.ph === 'X').sort((a, b) => a.ts - b.ts);
  const costs = new Array(Math.max(0, begins.length - 1)).fill(0);
  let i = 0;
  for (const task of tasks) {
    // The frame's own task contains its begin.
    while (i + 1 < begins.length && begins[i + 1] <= task.ts + task.dur) ++i;
    if (begins.length > 1 && task.ts + task.dur >= begins[0] && i < costs.length) costs[i] += (task.tdur ?? 0) / 1000;
  }
  costs.sort((a, b) => a - b);
  const longest = tasks.map((e) => (e.tdur ?? 0) / 1000).sort((a, b) => a - b);
  const pid = Number(main?.split('/')[0]);
  const states = {};
  for (const e of events) {
    const report = e.name === 'PipelineReporter' && e.ph === 'b' && e.pid === pid ? e.args.frame_reporter : undefined;
    if (!report || report.state === 'STATE_NO_UPDATE_DESIRED') continue;
    const what = report.state === 'STATE_DROPPED' ? (report.affects_smoothness ? 'dropped' : 'dropped_unseen') : 'presented';
    states[what] = (states[what] ?? 0) + 1;
    if (report.has_missing_content && what === 'presented') states.with_gaps = (states.with_gaps ?? 0) + 1;
  }
  return {
    main_frames: begins.length,
    frame_cpu_ms: round(at(costs, 0.5)),
    frame_cpu_p99_ms: round(at(costs, 0.99)),
    frame_cpu_most_ms: round(costs.at(-1) ?? 0),
    frames_over_16_ms: costs.filter((ms) => ms > 16.7).length,
    task_cpu_most_ms: round(longest.at(-1) ?? 0),
    presented: states.presented ?? 0,
    dropped: states.dropped ?? 0,
    dropped_unseen: states.dropped_unseen ?? 0,
    presented_with_gaps: states.with_gaps ?? 0,
  };
}

// What the main thread spent its time with, milliseconds of its own for each kind of event.
export function spent(events) {
  const main = mainThread(events);
  const all = events.filter((e) => `${e.pid}/${e.tid}` === main && e.ph === 'X' && e.tdur !== undefined).sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const open = [];
  const out = new Map();
  const add = (name, us) => out.set(name, (out.get(name) ?? 0) + us / 1000);
  for (const e of all) {
    while (open.length > 0 && open.at(-1).ts + open.at(-1).dur <= e.ts) open.pop();
    const label = e.name === 'EventDispatch' ? `EventDispatch ${e.args.data?.type}` : e.name === 'FunctionCall' ? `FunctionCall ${e.args.data?.functionName ?? ''}:${e.args.data?.lineNumber ?? ''}:${e.args.data?.columnNumber ?? ''}` : e.name;
    add(label, e.tdur);
    if (open.length > 0) add(open.at(-1).label, -e.tdur);
    open.push({ ts: e.ts, dur: e.dur, label });
  }
  return [...out].sort((a, b) => b[1] - a[1]).map(([name, ms]) => [name, round(ms)]);
}
