// The chime is heard where the list says; the level of the microphone is seen meanwhile.

import { expect } from '../lib/tab.js';

export default async function (world) {
  const ada = await world.open('Ada');
  const { page } = ada;
  await ada.until('lists speakers', async () => (await page.locator('#lobby-speakers option').count()) > 1);
  await ada.until('sees her microphone’s level', async () => Number(await page.locator('#meter').evaluate((it) => it.value)) > 0.05);
  const ids = await page.locator('#lobby-speakers option').evaluateAll((options) => options.map(({ value }) => value));
  await page.selectOption('#lobby-speakers', ids.at(-1));
  await page.click('#lobby-test');
  const heard = await page.evaluate(async () => {
    const element = parlor.chime;
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(element.srcObject).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    while (parlor.chime === element) {
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return { loudest, sink: element.sinkId, isPaused: element.paused };
  });
  expect(heard.loudest > 0.1, `the chime is only ${heard.loudest} loud`);
  expect(heard.sink === ids.at(-1), 'the chime comes out elsewhere');

  // The same device plays the others, and stays chosen in the call.
  const [bertrand] = await world.join('Bertrand');
  await ada.join();
  await ada.hasMediaOf('Bertrand');
  const sink = await ada.tile('Bertrand').locator('video').evaluate((video) => video.sinkId);
  expect(sink === ids.at(-1), `Bertrand is heard on ${sink}`);
  await page.click('#settings-open');
  expect((await page.inputValue('#speakers')) === ids.at(-1), 'the settings show another speaker');
  await page.selectOption('#speakers', ids[0]);
  await ada.until('moves the sound', async () =>
    (await ada.tile('Bertrand').locator('video').evaluate((video) => video.sinkId)) === ids[0],
  );
  await bertrand.leave();
}
