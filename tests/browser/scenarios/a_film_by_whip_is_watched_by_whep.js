// FFmpeg publishes by WHIP, and a page of twenty lines watches by WHEP; who has the wrong token does neither.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '../lib/tab.js';

const SECONDS = 12;
const FEED = 77;
const PIN = 'cinema';

const python = fileURLToPath(new URL('../../../target/browser-python/bin/python', import.meta.url));
const encoder = fileURLToPath(new URL('../lib/publish_by_whip.py', import.meta.url));

/** Counts frames. */
export const alone = true;

export default async function (world) {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-whip-'));
  try {
    await meet(world, makeCertificate(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function meet(world, certificate) {
  await world.freshRoom({ pin: PIN, audiolevel_event: true });
  const room = new URL(`whip/${world.room}`, world.server.url).href;
  const feed = new URL(`whep/${world.room}/${FEED}`, world.server.url).href;

  const wrong = await publishByFfmpeg(`${room}/${FEED}`, 'popcorn', 1, certificate);
  expect(/401/.test(wrong.said), `a wrong token was not refused: ${wrong.said}`);

  const tab = await world.open('Viewer');
  expect((await tab.page.evaluate(watch, { url: feed, token: PIN })).status === 404, 'nobody can be watched already');
  const film = publishByFfmpeg(`${room}/${FEED}?display=Film`, PIN, SECONDS, certificate);
  await tab.until('the film is there', async () => (await watched()).status === 201);
  expect((await tab.page.evaluate(watch, { url: feed, token: 'popcorn' })).status === 401, 'a wrong token may watch');

  // One video element decodes what came; the first of a room is the only one here.
  const seen = await tab.page.evaluate(look, 3);
  expect(seen.frames > 20 && seen.width === 320, `${seen.frames} frames of ${seen.width} columns`);
  expect(seen.samples > 48_000 && seen.energy > 0, `${seen.samples} samples of energy ${JSON.stringify(seen)}`);
  world.remark(`${seen.frames} frames and ${(seen.samples / 48_000).toFixed(1)} s of sound decoded in 3 s`);

  const people = await tab.page.evaluate(participants, world.room);
  expect(people.length === 1 && people[0].id === FEED && people[0].display === 'Film', JSON.stringify(people));

  const { code, said } = await film;
  expect(code === 0, `FFmpeg ended with ${code}: ${said}`);
  await tab.until('the film left', async () => (await tab.page.evaluate(participants, world.room)).length === 0);
  await tab.until('the player is told', () => tab.page.evaluate(() => globalThis.player.connectionState !== 'connected'));

  function watched() {
    return tab.page.evaluate(watch, { url: feed.slice(0, feed.lastIndexOf('/')), token: PIN });
  }
}

function makeCertificate(folder) {
  const [certificate, key] = ['certificate.pem', 'key.pem'].map((file) => join(folder, file));
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=encoder'];
  execFileSync('openssl', [...made, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return [certificate, key];
}

function publishByFfmpeg(url, token, seconds, certificate) {
  const running = spawn(python, [encoder, url, token, String(seconds), ...certificate], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (text) => (said += text));
  return new Promise((resolve) => running.once('exit', (code) => resolve({ code, said })));
}

/** In the page: a WHEP player. */
async function watch({ url, token }) {
  const connection = new RTCPeerConnection();
  for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
  const video = document.createElement('video');
  Object.assign(video, { autoplay: true, srcObject: new MediaStream() });
  connection.ontrack = ({ track }) => video.srcObject.addTrack(track);
  await connection.setLocalDescription();
  const headers = { 'content-type': 'application/sdp', authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: 'POST', headers, body: connection.localDescription.sdp });
  if (answer.status !== 201) {
    connection.close();
    return { status: answer.status, problem: await answer.json() };
  }
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  document.body.append(video);
  globalThis.player = connection;
  return { status: 201 };
}

/** In the page: what the player decodes in so many seconds. */
async function look(seconds) {
  const count = async () => {
    const reports = [...(await globalThis.player.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const [video, audio] = ['video', 'audio'].map((wanted) => reports.find(({ kind }) => kind === wanted) ?? {});
    return { frames: video.framesDecoded ?? 0, width: video.frameWidth, samples: audio.totalSamplesReceived ?? 0, energy: audio.totalAudioEnergy, packets: audio.packetsReceived, concealed: audio.concealedSamples, level: audio.audioLevel };
  };
  const until = Date.now() + 10_000;
  while (!(await count()).frames && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));
  const before = await count();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await count();
  return { ...after, frames: after.frames - before.frames, samples: after.samples - before.samples };
}

/** In the page: who is in a room. */
async function participants(room) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  const { data } = await handle.message({ request: 'listparticipants', room });
  session.close();
  return data.participants;
}
