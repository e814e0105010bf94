import workers from 'node:worker_threads';
import zlib from 'node:zlib';

/**
 * The official JavaScript client. The HTTP library below it is written for Node.js 22; these are the functions that it
 * misses in Node.js 20: a decompressor for an encoding that nobody asks for, a mark that no request needs, and a
 * short way to write a promise.
 */
zlib.createZstdDecompress ??= () => {
    throw new Error('there is no zstd in this version of Node.js');
};
workers.markAsUncloneable ??= () => undefined;
Promise.withResolvers ??= () => {
    let resolve;
    let reject;
    const promise = new Promise((...settle) => ([resolve, reject] = settle));
    return { promise, resolve, reject };
};

export const k8s = await import('@kubernetes/client-node');
