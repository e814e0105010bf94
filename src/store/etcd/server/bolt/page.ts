/**
 * How a bolt database lies on disk (etcd's backend). All numbers are little endian.
 *
 *     page:    id, 8 bytes | flags, 2 | count, 2 | pages that follow and belong to it, 4 | content
 *     leaf:    count × (flags, 4 | distance to the key, 4 | key's length, 4 | value's length, 4) | keys, values
 *     branch:  count × (distance to the key, 4 | key's length, 4 | page id, 8) | keys
 *     bucket:  a leaf element with flag 1 whose value is: root page id, 8 | sequence, 8
 *     meta:    magic, 4 | version, 4 | page size, 4 | flags, 4 | root bucket, 16 | free list's page id, 8 |
 *              number of pages, 8 | transaction, 8 | FNV-1a of all this, 8
 *
 * Pages 0 and 1 are metas; the one with the newer transaction counts.
 */
export const pageBytes = 4096;
const pageHeaderBytes = 16;
const elementBytes = 16;

const flagBranch = 0x01;
const flagLeaf = 0x02;
const flagMeta = 0x04;
const flagFreeList = 0x10;
const flagBucket = 0x01;

const magic = 0xed0cdaed;
const version = 2;

export interface LeafElement {
    key: Buffer;
    value: Buffer;
    isBucket?: boolean;
}
export interface BranchElement {
    key: Buffer;
    page: number;
}

interface PageHeader {
    id: number;
    flags: number;
    count: number;
    /** Bytes, header included; rounded up to whole pages. */
    bytes: number;
}

function startPage({ id, flags, count, bytes }: PageHeader): Buffer {
    const pages = Math.ceil(bytes / pageBytes);
    const page = Buffer.alloc(pages * pageBytes);
    page.writeBigUInt64LE(BigInt(id), 0);
    page.writeUInt16LE(flags, 8);
    page.writeUInt16LE(count, 10);
    page.writeUInt32LE(pages - 1, 12);
    return page;
}

export function leafBytes({ key, value }: LeafElement): number {
    return elementBytes + key.length + value.length;
}

export function branchBytes({ key }: BranchElement): number {
    return elementBytes + key.length;
}

/** What the elements of one page may take up. One that is larger has pages of its own. */
export const contentBytesMax = pageBytes - pageHeaderBytes;

export function leafPage(id: number, elements: readonly LeafElement[]): Buffer {
    const content = elements.reduce((sum, element) => sum + leafBytes(element), pageHeaderBytes);
    const page = startPage({ id, flags: flagLeaf, count: elements.length, bytes: content });
    let data = pageHeaderBytes + elements.length * elementBytes;
    for (const [i, { key, value, isBucket }] of elements.entries()) {
        const at = pageHeaderBytes + i * elementBytes;
        page.writeUInt32LE(isBucket === true ? flagBucket : 0, at);
        page.writeUInt32LE(data - at, at + 4);
        page.writeUInt32LE(key.length, at + 8);
        page.writeUInt32LE(value.length, at + 12);
        data += key.copy(page, data);
        data += value.copy(page, data);
    }
    return page;
}

export function branchPage(id: number, elements: readonly BranchElement[]): Buffer {
    const content = elements.reduce((sum, element) => sum + branchBytes(element), pageHeaderBytes);
    const page = startPage({ id, flags: flagBranch, count: elements.length, bytes: content });
    let data = pageHeaderBytes + elements.length * elementBytes;
    for (const [i, { key, page: child }] of elements.entries()) {
        const at = pageHeaderBytes + i * elementBytes;
        page.writeUInt32LE(data - at, at);
        page.writeUInt32LE(key.length, at + 4);
        page.writeBigUInt64LE(BigInt(child), at + 8);
        data += key.copy(page, data);
    }
    return page;
}

/** A list of free pages that is empty. */
export function freeListPage(id: number): Buffer {
    return startPage({ id, flags: flagFreeList, count: 0, bytes: pageHeaderBytes });
}

/** The value of a leaf element that is a bucket. */
export function bucketValue(root: number): Buffer {
    const value = Buffer.alloc(16);
    value.writeBigUInt64LE(BigInt(root), 0);
    return value;
}

export interface Meta {
    root: number;
    freeList: number;
    pages: number;
}

export function metaPage(id: 0 | 1, { root, freeList, pages }: Meta): Buffer {
    const page = startPage({ id, flags: flagMeta, count: 0, bytes: pageBytes });
    const meta = page.subarray(pageHeaderBytes);
    meta.writeUInt32LE(magic, 0);
    meta.writeUInt32LE(version, 4);
    meta.writeUInt32LE(pageBytes, 8);
    bucketValue(root).copy(meta, 16);
    meta.writeBigUInt64LE(BigInt(freeList), 32);
    meta.writeBigUInt64LE(BigInt(pages), 40);
    meta.writeBigUInt64LE(BigInt(id), 48);
    meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56);
    return page;
}

function fnv1a(bytes: Buffer): bigint {
    let hash = 0xcbf29ce484222325n;
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
    return hash;
}
