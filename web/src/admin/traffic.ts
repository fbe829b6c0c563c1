// What each hour was like, as a chart shows it.
import type { TrafficHour } from './api';

export type Metric = 'people' | 'sessions' | 'in' | 'out' | 'failed' | 'queue';

export function valueOf(hour: TrafficHour, metric: Metric): number {
  if (metric === 'queue') return hour.queue_peak;
  // People are counted once, whatever they use.
  if (metric === 'people') return hour.services['all']?.users ?? 0;
  const field = { sessions: 'sessions', in: 'messages_in', out: 'messages_out', failed: 'failed' } as const;
  return Object.values(hour.services).reduce((sum, s) => sum + s[field[metric]], 0);
}

export interface Bar {
  at: number; // milliseconds since 1970, the beginning of the hour
  value: number | null; // null: the server did not run
}

// One for each hour of the view, those without a record included.
export function bars(hours: TrafficHour[], metric: Metric, span: number, now: number): Bar[] {
  const HOUR = 3_600_000;
  const known = new Map(hours.map((h) => [Math.floor(Date.parse(h.hour) / HOUR), h]));
  const last = Math.floor(now / HOUR);
  return Array.from({ length: span }, (_, i) => {
    const hour = last - span + 1 + i;
    const record = known.get(hour);
    return { at: hour * HOUR, value: record ? valueOf(record, metric) : null };
  });
}

// The end of the axis: 1, 2 or 5 times a power of ten.
export function ceiling(most: number): number {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((f) => f * power).find((end) => end >= most) ?? most;
}
