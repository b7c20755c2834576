// A microphone that somebody speaks into. Chromium's own stand-in beeps for 60 ms twice a second: too short to be a
// word, and so regular that whoever listens at regular times may hear nothing but its pauses.

/** Runs in the page before it does: microphones give this voice from now on. */
export function speak() {
  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    for (const track of stream.getAudioTracks()) {
      stream.removeTrack(track);
      track.stop();
    }
    if (constraints.audio) stream.addTrack(voice());
    return stream;
  };

  function voice() {
    const context = new AudioContext();
    const source = new AudioBufferSourceNode(context, { buffer: words(context), loop: true });
    const output = context.createMediaStreamDestination();
    source.connect(output);
    source.start();
    // It needs somebody who presses something first, as all sound does.
    for (const event of ['click', 'keydown']) addEventListener(event, () => context.resume(), { capture: true });
    return output.stream.getAudioTracks()[0];
  }

  /** Some seconds of syllables, of a fifth of a second each, with a pause after some of them. */
  function words(context) {
    const pitchHz = 140;
    const syllables = [0.18, 0.24, -0.05, 0.21, 0.33, -0.3, 0.16, 0.27, 0.2, -0.08, 0.3, 0.19, 0.36, -0.45];
    const length = syllables.reduce((sum, seconds) => sum + Math.abs(seconds), 0);
    const buffer = context.createBuffer(1, Math.round(length * context.sampleRate), context.sampleRate);
    const samples = buffer.getChannelData(0);
    let at = 0;
    for (const seconds of syllables) {
      const count = Math.abs(seconds) * context.sampleRate;
      for (let index = 0; index < count && seconds > 0; index++) {
        const phase = (2 * Math.PI * pitchHz * index) / context.sampleRate;
        const tone = Math.sin(phase) + Math.sin(3 * phase) / 2 + Math.sin(5 * phase) / 4;
        samples[Math.round(at) + index] = 0.25 * tone * Math.sin((Math.PI * index) / count);
      }
      at += count;
    }
    return buffer;
  }
}
