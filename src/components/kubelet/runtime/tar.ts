const blockBytes = 512;

export interface TarEntry {
    name: string;
    mode: number;
    content: Buffer;
}

/** A POSIX ustar archive of regular files, the same bytes for the same input (owner root, time 0). */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
    const parts = entries.flatMap((entry) => [header(entry), padded(entry.content)]);
    return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function padded(content: Buffer): Buffer {
    const rest = content.length % blockBytes;
    return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(blockBytes - rest)]);
}

function header({ name, mode, content }: TarEntry): Buffer {
    const block = Buffer.alloc(blockBytes);
    const octal = (value: number, offset: number, digits: number): void => {
        block.write(value.toString(8).padStart(digits, '0'), offset, 'latin1');
    };
    block.write(name, 0, 100, 'utf8');
    octal(mode, 100, 7);
    octal(0, 108, 7);
    octal(0, 116, 7);
    octal(content.length, 124, 11);
    octal(0, 136, 11);
    block.write(' '.repeat(8), 148, 'latin1');
    block.write('0', 156, 'latin1');
    block.write('ustar\u000000', 257, 'latin1');
    octal(
        block.reduce((sum, byte) => sum + byte, 0),
        148,
        6,
    );
    block.write('\0 ', 154, 'latin1');
    return block;
}
