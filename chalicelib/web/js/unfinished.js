// The uploads that a reload interrupts: which file, and which of its parts S3 has. Nothing of it is secret: addresses
// that take bytes are asked for anew, with the key. A lock says whether a tab still sends, and dies with the tab.

const STORED = "sluice.uploads";

/** @typedef {{id: string, assetId: string, name: string, size: number, modified: number, partSize: number | null, done: number[]}} Unfinished */

/** @returns {Unfinished[]} */
function all() {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "[]");
  } catch {
    return [];
  }
}

function write(records) {
  localStorage.setItem(STORED, JSON.stringify(records));
}

export function remember(upload, file, done) {
  const record = { id: upload.id, assetId: upload.asset_id, name: file.name, size: file.size, modified: file.lastModified, partSize: upload.part_size ?? null, done: [...done] };
  write([...all().filter((each) => each.id !== upload.id), record]);
}

export function forget(id) {
  write(all().filter((each) => each.id !== id));
}

/** @param {Unfinished} record @param {File} file */
export function isSame(record, file) {
  return record.name === file.name && record.size === file.size && record.modified === file.lastModified;
}

/** What no tab sends at the moment. @returns {Promise<Unfinished[]>} */
export async function interrupted() {
  const records = all();
  if (!records.length || !navigator.locks) return records;
  const { held } = await navigator.locks.query();
  const sending = new Set(held.map((lock) => lock.name));
  return records.filter((each) => !sending.has(lockOf(each.id)));
}

/** Run while no other tab takes the same upload up. */
export function whileHeld(id, act) {
  return navigator.locks ? navigator.locks.request(lockOf(id), act) : act();
}

function lockOf(id) {
  return `sluice.upload.${id}`;
}
