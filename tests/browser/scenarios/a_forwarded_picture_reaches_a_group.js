// What Chromium publishes reaches a group by multicast on the interface that the configuration names, where ffmpeg joins
// the group and decodes the pictures.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '../lib/tab.js';

const GROUP = '239.77.7.7';
const PORT = 20_000 + (process.pid % 20_000) * 2;
const FRAMES = 20;

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: another server has its own settings');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'parlor-group-'));
  await world.server.stop();
  try {
    const settings = { networks: '["239.0.0.0/8"]', multicast_interface: 'lo', multicast_ttl: 0 };
    await world.server.start(Object.fromEntries(Object.entries(settings).map(([key, it]) => [`forward.${key}`, it])));
    // Who joins a group asks for no keyframe.
    await world.freshRoom({ fir_freq: 2 });
    const [speaker] = await world.join('Speaker');
    const seen = receive(join(folder, 'group.sdp'));
    const request = { request: 'rtp_forward', host: GROUP, video_port: PORT, video_pt: 96 };
    const forwarded = await speaker.page.evaluate(forward, { ...request, room: world.room });
    expect(forwarded.rtp_stream, `it is not forwarded: ${JSON.stringify(forwarded)}`);
    const { code, said } = await seen;
    expect(code === 0, `ffmpeg ended with ${code}: ${said}`);
    const frames = Number(/frame=\s*(\d+)(?!.*frame=)/s.exec(said)?.[1]);
    expect(frames === FRAMES, `${frames} frames were decoded: ${said}`);
    world.remark(`${frames} frames decoded from ${GROUP}`);
  } finally {
    rmSync(folder, { recursive: true });
    await world.server.stop();
    await world.server.start();
  }
}

/** Joins the group and decodes some pictures. */
function receive(file) {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', `c=IN IP4 ${GROUP}/1`, 't=0 0'];
  writeFileSync(file, [...lines, `m=video ${PORT} RTP/AVP 96`, 'a=rtpmap:96 VP8/90000', ''].join('\r\n'));
  const input = ['-protocol_whitelist', 'file,udp,rtp', '-localaddr', '127.0.0.1', '-i', file];
  const asked = ['-hide_banner', ...input, '-frames:v', String(FRAMES), '-f', 'null', '-'];
  const running = spawn('ffmpeg', asked, { stdio: ['ignore', 'ignore', 'pipe'] });
  const late = setTimeout(() => running.kill(), 40_000);
  let said = '';
  running.stderr.on('data', (text) => (said += text));
  return new Promise((resolve) =>
    running.once('exit', (code) => {
      clearTimeout(late);
      resolve({ code, said });
    }),
  );
}

/** In the page: asks for what the only publisher of a room sends. */
async function forward(request) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  const { data } = await handle.message({ request: 'listparticipants', room: request.room });
  const [{ id }] = data.participants;
  return (await handle.message({ ...request, publisher_id: id })).data;
}
