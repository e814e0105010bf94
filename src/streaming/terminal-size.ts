import type { TerminalSize } from './remote-command.ts';

const pendingMaxChars = 4096;
const sizeMax = 65_535;

/**
 * Reads `{"Width":80,"Height":24}` objects out of a stream of text, however it is cut, and gives the last
 * known size also to a listener that comes late.
 */
export class TerminalSizes {
    #pending = '';
    #last: TerminalSize | undefined;
    #listener: ((size: TerminalSize) => void) | undefined;

    readonly listen = (listener: (size: TerminalSize) => void): void => {
        this.#listener = listener;
        if (this.#last !== undefined) listener(this.#last);
    };

    feed(chunk: Buffer): void {
        const parts = (this.#pending + chunk.toString()).split('}');
        this.#pending = (parts.pop() ?? '').slice(-pendingMaxChars);
        for (const part of parts) {
            const size = parseSize(`${part}}`);
            if (size === undefined) continue;
            this.#last = size;
            this.#listener?.(size);
        }
    }
}

function parseSize(text: string): TerminalSize | undefined {
    try {
        const fields = Object.entries(JSON.parse(text) as object);
        // The client of Go writes "Width", the one of JavaScript "width": upstream reads names in any case.
        const size = new Map<string, unknown>(fields.map(([name, value]) => [name.toLowerCase(), value]));
        const [width, height] = [size.get('width'), size.get('height')];
        return isSize(width) && isSize(height) ? { width, height } : undefined;
    } catch {
        return undefined;
    }
}

function isSize(value: unknown): value is number {
    return Number.isInteger(value) && (value as number) > 0 && (value as number) <= sizeMax;
}
