// Delivers messages to port 25, as strangers do (RFC 5321).
import { connect } from 'node:net';

export interface Mail {
  from?: string;
  fromHeader?: string;
  to: string;
  cc?: string;
  subject: string;
  headers?: string[];
  // Text alone, HTML alone, or whole MIME text with its own Content-Type in `headers`.
  text?: string;
  html?: string;
  raw?: string;
}

let serial = 0;

export function compose(mail: Mail): string {
  const type = mail.raw === undefined ? [`Content-Type: ${mail.html === undefined ? 'text/plain' : 'text/html'}; charset=utf-8`, 'Content-Transfer-Encoding: base64'] : [];
  const content = mail.raw ?? (Buffer.from(mail.html ?? mail.text ?? '', 'utf8').toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
  const word = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`);
  return [
    `From: ${mail.fromHeader ?? mail.from ?? 'Stranger <stranger@elsewhere.example>'}`,
    `To: ${mail.to}`,
    ...(mail.cc ? [`Cc: ${mail.cc}`] : []),
    `Subject: ${word(mail.subject)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    ...(mail.headers?.some((h) => /^message-id:/i.test(h)) ? [] : [`Message-ID: <${Date.now()}.${++serial}@elsewhere.example>`]),
    'MIME-Version: 1.0',
    ...type,
    ...(mail.headers ?? []),
    '',
    content,
    '',
  ].join('\r\n');
}

export async function deliver(mails: Mail[], port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.setTimeout(60_000, () => socket.destroy(new Error('the server is silent')));
  let buffer = '';
  const waiting: { done: (line: string) => void; fail: (e: Error) => void }[] = [];
  const lines: string[] = [];
  const give = (): void => {
    while (waiting.length > 0 && lines.length > 0) waiting.shift()!.done(lines.shift()!);
  };
  socket.on('data', (text: string) => {
    buffer += text;
    for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      if (line[3] !== '-') lines.push(line);
    }
    give();
  });
  const ended = (e?: Error): void => waiting.splice(0).forEach((w) => w.fail(e ?? new Error('closed')));
  socket.on('error', ended);
  socket.on('close', () => ended());
  const answer = (): Promise<string> =>
    new Promise((done, fail) => {
      waiting.push({ done, fail });
      give();
    });
  const say = async (line: string, wanted: string): Promise<void> => {
    socket.write(`${line}\r\n`);
    const got = await answer();
    if (!got.startsWith(wanted)) throw new Error(`${line}: ${got}`);
  };
  await answer();
  await say('EHLO elsewhere.example', '250');
  for (const mail of mails) {
    const sender = /<([^>]*)>/.exec(mail.from ?? '')?.[1] ?? mail.from ?? 'stranger@elsewhere.example';
    await say(`MAIL FROM:<${sender}>`, '250');
    await say(`RCPT TO:<${mail.to.replace(/.*<|>.*/g, '')}>`, '250');
    await say('DATA', '354');
    await say(`${compose(mail).replace(/^\./gm, '..')}.`, '250');
  }
  socket.write('QUIT\r\n');
  await answer();
  socket.destroy();
}
