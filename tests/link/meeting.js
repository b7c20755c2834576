// What the pages of a measurement do: publish, listen, call each other without a server, and say what they got.
'use strict';

// Publishes the fake camera and microphone in a room, which is made with the settings where it is not there. `encodings`
// are those of RTCRtpTransceiverInit; a codec such as `VP9` leaves the others out.
async function publish(page, url, { room, settings, encodings, codec }) {
  await page.evaluate(`window.client = ${client}`);
  return page.evaluate(async ({ url, room, settings, encodings, codec }) => {
    const janus = window.client(url);
    await janus.open();
    const request = await janus.attach();
    if (settings) await request({ request: 'create', room, ...settings });
    await request({ request: 'join', ptype: 'publisher', room, display: 'camera' });
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 960, height: 540, frameRate: 15 } });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    peer.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly' });
    const video = peer.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', sendEncodings: encodings });
    if (codec) {
      const known = RTCRtpSender.getCapabilities('video').codecs;
      video.setCodecPreferences(known.filter((it) => [`video/${codec}`, 'video/rtx'].includes(it.mimeType)));
    }
    await peer.setLocalDescription();
    // Janus takes the first layer for the largest where it is not told.
    const offer = { type: 'offer', sdp: peer.localDescription.sdp, rid_order: 'lmh' };
    const answer = await request({ request: 'publish' }, offer);
    await peer.setRemoteDescription(answer.jsep);
  }, { url, room, settings, encodings, codec });
}

// Publishes a microphone in which somebody hums without a pause, in a room that is made with the settings.
async function hum(page, url, { room, settings }) {
  await page.evaluate(`window.client = ${client}`);
  return page.evaluate(async ({ url, room, settings }) => {
    const janus = window.client(url);
    await janus.open();
    const request = await janus.attach();
    await request({ request: 'create', room, ...settings });
    await request({ request: 'join', ptype: 'publisher', room });
    const context = new AudioContext();
    const voice = new OscillatorNode(context, { type: 'sawtooth', frequency: 140 });
    const swell = new OscillatorNode(context, { frequency: 3 });
    const depth = new GainNode(context, { gain: 0.1 });
    const loudness = new GainNode(context, { gain: 0.2 });
    const end = context.createMediaStreamDestination();
    voice.connect(loudness).connect(end);
    swell.connect(depth).connect(loudness.gain);
    voice.start();
    swell.start();
    const peer = new RTCPeerConnection();
    window.peer = peer;
    peer.addTransceiver(end.stream.getAudioTracks()[0], { direction: 'sendonly' });
    await peer.setLocalDescription();
    const answer = await request({ request: 'publish' }, peer.localDescription);
    await peer.setRemoteDescription(answer.jsep);
  }, { url, room, settings });
}

// Subscribes to the one who publishes in a room, and plays it.
async function listen(page, url, room) {
  await page.evaluate(`window.client = ${client}; window.play = ${play}`);
  return page.evaluate(async ({ url, room }) => {
    const janus = window.client(url);
    await janus.open();
    const list = await (await janus.attach())({ request: 'listparticipants', room });
    const feed = list.plugindata.data.participants[0].id;
    const request = await janus.attach();
    const offer = await request({ request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
    const peer = window.play();
    await peer.setRemoteDescription(offer.jsep);
    await peer.setLocalDescription();
    await request({ request: 'start' }, peer.localDescription);
  }, { url, room });
}

// A call without a server, between two pages: the camera at full size, as one encoding with the temporal layers that each
// of a publisher's has. (A receiver skips a late picture that no other needs, and counts that as a freeze.)
async function call(caller, callee) {
  for (const page of [caller, callee]) await page.evaluate(`window.described = ${described}; window.play = ${play}`);
  const offer = await caller.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 960, height: 540, frameRate: 15 } });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    for (const track of stream.getTracks()) {
      const sendEncodings = track.kind === 'video' ? [{ maxBitrate: 1000000, scalabilityMode: 'L1T3' }] : [{}];
      peer.addTransceiver(track, { direction: 'sendonly', sendEncodings });
    }
    return window.described(peer);
  });
  const answer = await callee.evaluate(async (offer) => {
    const peer = window.play();
    await peer.setRemoteDescription(offer);
    return window.described(peer);
  }, offer);
  await caller.evaluate((answer) => window.peer.setRemoteDescription(answer), answer);
}

// What the page's connection received until now, by kind.
function statistics(page) {
  return page.evaluate(async () => {
    const found = { audio: {}, video: {} };
    for (const report of (await window.peer.getStats()).values()) {
      if (report.type === 'inbound-rtp') found[report.kind] = { ...report };
    }
    return found;
  });
}

// The share of the sound that had to be made up between two reports.
function concealedPercent(before, after) {
  const of = (name) => (after.audio[name] || 0) - (before.audio[name] || 0);
  return 100 * of('concealedSamples') / Math.max(1, of('totalSamplesReceived'));
}

// Runs in the page: a connection whose tracks are played.
function play() {
  const peer = new RTCPeerConnection();
  window.peer = peer;
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  const stream = new MediaStream();
  peer.ontrack = ({ track }) => { stream.addTrack(track); video.srcObject = stream; };
  return peer;
}

// Runs in the page: the local description with all candidates.
async function described(peer) {
  const gathered = new Promise((resolve) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
  });
  await peer.setLocalDescription();
  await gathered;
  return { type: peer.localDescription.type, sdp: peer.localDescription.sdp };
}

// Runs in the page: a small Janus client on a WebSocket.
function client(url) {
  const socket = new WebSocket(url, 'janus-protocol');
  const waiting = new Map();
  let session = 0;
  let number = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.janus === 'ack') return;
    waiting.get(message.transaction)?.(message);
    waiting.delete(message.transaction);
  };
  const send = (message) => new Promise((resolve) => {
    number += 1;
    const transaction = `t${number}`;
    waiting.set(transaction, resolve);
    socket.send(JSON.stringify({ transaction, session_id: session || undefined, ...message }));
  });
  const open = async () => {
    await new Promise((resolve) => { socket.onopen = resolve; });
    session = (await send({ janus: 'create' })).data.id;
    setInterval(() => send({ janus: 'keepalive' }), 20000);
  };
  const attach = async () => {
    const handle = (await send({ janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
    return (body, jsep) => send({ janus: 'message', handle_id: handle, body, jsep });
  };
  return { open, attach };
}

module.exports = { call, concealedPercent, hum, listen, publish, statistics };
