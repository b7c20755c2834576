export default async function (world) {
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.hasMediaOf('Bertrand');

  for (let round = 0; round < 2; round++) {
    await bertrand.leave();
    await ada.sees();
    await bertrand.until('is back in the lobby', () => bertrand.page.locator('#lobby').isVisible());

    await bertrand.join();
    await ada.sees('Bertrand');
    await bertrand.sees('Ada');
    await ada.hasMediaOf('Bertrand');
    await bertrand.hasMediaOf('Ada');
  }
  await ada.paints('Bertrand');
}
