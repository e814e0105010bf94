import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addFlags, ConfigFileError, flag, parseDuration, readFlags } from './flags.ts';

const flags = {
    config: flag.string('file'),
    name: flag.string('a name', 'default'),
    port: flag.port('a port', 6443),
    'leader-elect': flag.boolean('elect', true),
    period: flag.duration('how often', 1000),
    plugins: flag.list('plugins', ['A']),
    labels: flag.map('labels'),
    mode: flag.oneOf('mode', ['x', 'y'], 'x'),
};

async function parse(...args: string[]) {
    const command = addFlags(new Command('test').exitOverride(), flags).action(() => undefined);
    command.configureOutput({ writeErr: () => undefined }).showSuggestionAfterError(true);
    await command.parseAsync(['node', 'test', ...args]);
    return await readFlags(command, flags);
}

describe('flags', () => {
    it('have their defaults when nothing is given', async () => {
        expect(await parse()).toEqual({
            config: '',
            name: 'default',
            port: 6443,
            'leader-elect': true,
            period: 1000,
            plugins: ['A'],
            labels: {},
            mode: 'x',
        });
    });

    it.each([
        [['--leader-elect=false'], 'leader-elect', false],
        [['--leader-elect'], 'leader-elect', true],
        [['--port', '8443'], 'port', 8443],
        [['--period=1m30s'], 'period', 90_000],
        [['--plugins=B,C', '--plugins=D'], 'plugins', ['B', 'C', 'D']],
        [['--labels=a=1,b='], 'labels', { a: '1', b: '' }],
    ] as const)('%j', async (args, name, value) => {
        expect((await parse(...args))[name]).toEqual(value);
    });

    it.each([
        [['--port=70000'], /whole number from 0 to 65535/],
        [['--period=fast'], /duration such as/],
        [['--mode=z'], /one of x, y/],
        [['--labels=novalue'], /key=value/],
        [['--leader-elekt'], /unknown option '--leader-elekt'\n\(Did you mean --leader-elect\?\)/],
    ] as const)('%j is refused with what is expected', async (args, message) => {
        await expect(parse(...args)).rejects.toThrow(message);
    });

    describe('from a configuration file', () => {
        async function withFile(content: string, ...args: string[]) {
            const directory = mkdtempSync(join(tmpdir(), 'flags-'));
            try {
                const file = join(directory, 'config.yaml');
                writeFileSync(file, content);
                return await parse(`--config=${file}`, ...args);
            } finally {
                rmSync(directory, { recursive: true });
            }
        }

        it('set what the command line does not', async () => {
            const values = await withFile(
                'port: 1\nname: file\nplugins: [X, Y]\nlabels: {a: b}\n',
                '--port=2',
            );
            expect(values).toMatchObject({ port: 2, name: 'file', plugins: ['X', 'Y'], labels: { a: 'b' } });
        });

        it.each([
            ['naem: x', /unknown entry "naem" \(did you mean name\?\)/],
            ['port: many', /port: expected a whole number/],
            ['- a', /must be a map/],
            ['a: [', /cannot read the configuration file/],
        ])('%j is refused', async (content, message) => {
            await expect(withFile(content)).rejects.toThrow(message);
            await expect(withFile(content)).rejects.toThrow(ConfigFileError);
        });
    });
});

describe('parseDuration', () => {
    it.each([
        ['0', 0],
        ['300ms', 300],
        ['1.5h', 5_400_000],
        ['1h2m3s', 3_723_000],
    ])('%s', (text, ms) => {
        expect(parseDuration(text)).toBe(ms);
    });
});
