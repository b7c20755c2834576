export default async function (world) {
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.hasMediaOf('Bertrand');

  await bertrand.page.reload();
  await bertrand.isIn();
  await ada.sees('Bertrand');
  await bertrand.sees('Ada');
  await ada.hasMediaOf('Bertrand');
  await bertrand.hasMediaOf('Ada');
  await ada.paints('Bertrand');
}
