// What this browser remembers of its user. Storage may be forbidden; then nothing is remembered.

export function remember(key, value) {
  try {
    localStorage.setItem(`parlor.${key}`, value);
  } catch {
    /* private mode */
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(`parlor.${key}`);
  } catch {
    return null;
  }
}

/** Where this tab sits, so that a reload finds the way back. */
export const seat = {
  keep: (place) => sessionStorage.setItem('parlor.seat', JSON.stringify(place)),
  recall: () => JSON.parse(sessionStorage.getItem('parlor.seat') ?? 'null'),
  forget: () => sessionStorage.removeItem('parlor.seat'),
};
