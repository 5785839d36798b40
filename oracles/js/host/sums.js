// The CRC-32 of a memory.
//
// Bun's and Deno's crc32 move 50 GB/s and more. That of Node.js moves 4, and would take longer than
// all that a small program does. There, a copy of each memory is kept with the sum of each chunk,
// from call to call and from program to program; only chunks that differ from the copy are summed
// again. Comparing moves 60 GB/s.

const CRC_IS_SLOW = process.versions.bun === undefined && process.versions.deno === undefined;
const CHUNK_BYTES = 4096;

// By index of memory: the copy, and the sums of its chunks.
const copies = [];

// What the sum of some bytes becomes by the chunk that follows them, apart from that chunk's own
// sum. It is linear, so one table for each byte of the sum holds it.
const shiftTables = CRC_IS_SLOW ? makeShiftTables() : [];

function makeShiftTables() {
  const zeros = new Uint8Array(CHUNK_BYTES);
  const ofZeros = crc32(zeros);
  return [0, 8, 16, 24].map((shift) => {
    const table = new Int32Array(256);
    for (let bit = 0; bit < 8; bit++) {
      table[1 << bit] = crc32(zeros, (1 << (shift + bit)) >>> 0) ^ ofZeros;
    }
    for (let byte = 1; byte < 256; byte++) {
      table[byte] = table[byte & (byte - 1)] ^ table[byte & -byte];
    }
    return table;
  });
}

function sumOf(index, bytes) {
  return CRC_IS_SLOW && bytes.length % CHUNK_BYTES === 0 ? sumByChunks(index, bytes) : crc32(bytes);
}

function sumByChunks(index, bytes) {
  let last = copies[index];
  if (last === undefined || last.bytes.length !== bytes.length) {
    last = copies[index] = freshCopy(bytes.length);
  }
  if (update(last, bytes, 0, bytes.length)) last.sum = joined(last.sums);
  return last.sum;
}

// Brings the copy up to date from `start` to `end`, which are ends of chunks; whether it was not.
// Halving finds the one chunk that a small program mostly changes with few comparisons.
function update(last, bytes, start, end) {
  if (last.bytes.compare(bytes, start, end, start, end) === 0) return false;
  const chunks = (end - start) / CHUNK_BYTES;
  if (chunks === 1) {
    const changed = bytes.subarray(start, end);
    last.bytes.set(changed, start);
    last.sums[start / CHUNK_BYTES] = crc32(changed);
  } else {
    const middle = start + (chunks >> 1) * CHUNK_BYTES;
    update(last, bytes, start, middle);
    update(last, bytes, middle, end);
  }
  return true;
}

// A copy of a memory of zeros.
function freshCopy(length) {
  const sums = new Int32Array(length / CHUNK_BYTES).fill(crc32(new Uint8Array(CHUNK_BYTES)));
  return { bytes: Buffer.alloc(length), sums, sum: joined(sums) };
}

// The sum of the chunks with these sums.
function joined(sums) {
  const [low, second, third, high] = shiftTables;
  let sum = 0;
  for (let i = 0; i < sums.length; i++) {
    const shifted = low[sum & 255] ^ second[(sum >> 8) & 255] ^ third[(sum >> 16) & 255];
    sum = shifted ^ high[sum >>> 24] ^ sums[i];
  }
  return sum >>> 0;
}
