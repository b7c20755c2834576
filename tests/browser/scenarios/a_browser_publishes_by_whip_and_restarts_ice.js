// Chromium publishes simulcast by WHIP with candidates by PATCH, begins ICE anew, and leaves at once by DELETE.

import { expect } from '../lib/tab.js';

/** Counts milliseconds. */
export const alone = true;

export default async function (world) {
  const [listener] = await world.join('Listener');
  const tab = await world.open('Encoder');
  const url = new URL(`whip/${world.room}?display=Encoder`, world.server.url).href;
  const made = await tab.page.evaluate(publish, url);
  expect(made.status === 201 && made.etag && made.allowed.includes('application/sdp'), JSON.stringify(made));
  await listener.sees('Encoder');

  const refused = await tab.page.evaluate(refusals, made.session);
  expect(refused.join() === '428,412,415,400,405,404', `refused by ${refused}`);
  expect((await tab.page.evaluate(trickle, made)) === 204, 'a candidate was refused');

  const restarted = await tab.page.evaluate(restart, made);
  expect(restarted.status === 200 && restarted.etag !== made.etag, JSON.stringify(restarted));
  expect(restarted.isUp && restarted.isFlowing, `after ICE began anew: ${JSON.stringify(restarted)}`);
  expect((await tab.page.evaluate(trickle, made)) === 412, 'the old tag still counts');

  const gone = await tab.page.evaluate(remove, made.session);
  expect(gone.first === 200 && gone.second === 404, JSON.stringify(gone));
  const began = Date.now();
  await listener.until('the encoder is gone', async () => !(await listener.others()).includes('Encoder'));
  expect(Date.now() - began < 1500, `it took ${Date.now() - began} ms`);
}

/** In the page: a WHIP client. */
async function publish(url) {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480, frameRate: 15 } });
  const connection = new RTCPeerConnection();
  connection.addTransceiver(media.getAudioTracks()[0], { direction: 'sendonly' });
  const sendEncodings = ['l', 'h'].map((rid, index) => ({ rid, scaleResolutionDownBy: index ? 1 : 2 }));
  connection.addTransceiver(media.getVideoTracks()[0], { direction: 'sendonly', sendEncodings });
  globalThis.encoder = connection;
  await connection.setLocalDescription();
  const allowed = (await fetch(url, { method: 'OPTIONS' })).headers.get('accept-post');
  const headers = { 'content-type': 'application/sdp' };
  const answer = await fetch(url, { method: 'POST', headers, body: connection.localDescription.sdp });
  globalThis.answer = await answer.text();
  await connection.setRemoteDescription({ type: 'answer', sdp: globalThis.answer });
  const session = new URL(answer.headers.get('location'), url).href;
  return { status: answer.status, etag: answer.headers.get('etag'), session, allowed };
}

/** In the page: what is refused, and how. */
async function refusals(session) {
  const type = 'application/trickle-ice-sdpfrag';
  const [ufrag] = globalThis.encoder.localDescription.sdp.match(/a=ice-ufrag:.*/);
  const [password] = globalThis.encoder.localDescription.sdp.match(/a=ice-pwd:.*/);
  const body = `${ufrag}\r\n${password}\r\n`;
  const ask = async (method, headers, body, url = session) => (await fetch(url, { method, headers, body })).status;
  return [
    await ask('PATCH', { 'content-type': type }, body),
    await ask('PATCH', { 'content-type': type, 'if-match': '"nothing"' }, body),
    await ask('PATCH', { 'content-type': 'application/sdp', 'if-match': '*' }, body),
    await ask('PATCH', { 'content-type': type, 'if-match': '*' }, 'nonsense'),
    await ask('GET', {}),
    await ask('DELETE', {}, undefined, session.replace(/[^/]+$/, 'nobody')),
  ];
}

/** In the page: tells one candidate. */
async function trickle({ session, etag }) {
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': etag };
  const body = 'm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n';
  return (await fetch(session, { method: 'PATCH', headers, body })).status;
}

/** In the page: begins ICE anew. */
async function restart({ session }) {
  const connection = globalThis.encoder;
  connection.restartIce();
  await connection.setLocalDescription();
  const line = (text, name) => text.match(new RegExp(`a=${name}:.*`))[0];
  const ours = connection.localDescription.sdp;
  const body = `${line(ours, 'ice-ufrag')}\r\n${line(ours, 'ice-pwd')}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n`;
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
  const answered = await fetch(session, { method: 'PATCH', headers, body });
  const theirs = await answered.text();
  let sdp = globalThis.answer;
  for (const name of ['ice-ufrag', 'ice-pwd']) sdp = sdp.replaceAll(new RegExp(`a=${name}:.*`, 'g'), line(theirs, name));
  await connection.setRemoteDescription({ type: 'answer', sdp });
  const sent = async () => {
    const reports = [...(await connection.getStats()).values()];
    const pair = reports.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
    return { pair: pair?.id, bytes: reports.find(({ type }) => type === 'transport')?.bytesSent };
  };
  const before = await sent();
  const until = Date.now() + 5000;
  let after = before;
  while (Date.now() < until && !(after.bytes > before.bytes + 50_000)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    after = await sent();
  }
  const isUp = ['connected', 'completed'].includes(connection.iceConnectionState);
  return { status: answered.status, etag: answered.headers.get('etag'), isUp, isFlowing: after.bytes > before.bytes };
}

/** In the page: ends the session, twice. */
async function remove(session) {
  const ask = async () => (await fetch(session, { method: 'DELETE' })).status;
  return { first: await ask(), second: await ask() };
}
