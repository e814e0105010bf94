import { createInterface } from 'node:readline';
import { openMember, type Member } from '../../src/store/member.ts';
import { prefixEnd, StoreError } from '../../src/store/store.ts';
import { openPeerTransport } from '../../src/store/transport/open-peer-transport.ts';
import { createLogger } from '../../src/util/logger.ts';
import type { Instruction, MemberReport, ProcessConfig } from './protocol.ts';

/** Few, so that members that were away need snapshots. */
const retainedEntriesMax = 100;

/** One member in a process that is there to be killed: writes as it is told and says what was acknowledged. */
const config = JSON.parse(process.argv[2] ?? '{}') as ProcessConfig;
const logger = createLogger('error');
const startedMs = performance.now();
const cpuBefore = process.cpuUsage();
const member = await open();
const cpu = process.cpuUsage(cpuBefore);
report({ type: 'open', openMs: performance.now() - startedMs, cpuMs: (cpu.user + cpu.system) / 1_000 });
createInterface({ input: process.stdin }).on('line', (line) => {
    void obey(JSON.parse(line) as Instruction);
});

async function open(): Promise<Member> {
    const { name, directory, members } = config;
    const initialCluster = members.map((one) => ({ name: one.name, peerUrls: [one.url] }));
    const peerUrls = initialCluster.find((one) => one.name === name)?.peerUrls ?? [];
    const alone = members.length === 1;
    return await openMember({
        directory,
        name,
        logger,
        peerUrls,
        clientUrls: [],
        ...(!alone && {
            transport: openPeerTransport({ listenUrls: peerUrls, organization: 'test', logger }),
        }),
        initialCluster,
        initialClusterToken: 'kill-rounds',
        logTuning: { retainedEntriesMax },
    });
}

/** Never rejects. */
async function obey(instruction: Instruction): Promise<void> {
    try {
        switch (instruction.type) {
            case 'write':
                for (let writer = 0; writer < instruction.writers; writer++) {
                    void write(`${instruction.prefix}${config.name}/${writer}/`);
                }
                return;
            case 'read': {
                await member.store.readIndex();
                const { prefix } = instruction;
                const { kvs, revision } = await member.store.range({
                    key: prefix,
                    end: prefixEnd(prefix),
                    keysOnly: true,
                });
                const versions = kvs.map(({ key, version }): [string, number] => [key, version]);
                report({ type: 'read', versions, revision });
                return;
            }
            case 'forget': {
                const { prefix, compacts } = instruction;
                const { revision } = await member.store.txn({
                    compares: [],
                    success: [{ type: 'delete', key: prefix, end: prefixEnd(prefix) }],
                    failure: [],
                });
                if (compacts) await compactTo(revision);
                report({ type: 'forgotten' });
                return;
            }
            case 'hash': {
                await member.store.readIndex();
                const { hash, revision } = await member.store.hashKv(instruction.revision);
                report({ type: 'hash', hash, revision });
                return;
            }
        }
    } catch (error) {
        report({ type: 'failed', instruction: instruction.type, error: String(error) });
    }
}

/** A second attempt may find it done. */
async function compactTo(revision: number): Promise<void> {
    try {
        await member.store.compact(revision);
    } catch (error) {
        if (!(error instanceof StoreError) || error.reason !== 'compacted') throw error;
    }
}

/** One write after the other, each of a key of its own, until the process ends. */
async function write(prefix: string): Promise<void> {
    for (let i = 0; ; i++) {
        const key = `${prefix}${i}`;
        try {
            await member.store.txn({
                compares: [],
                success: [{ type: 'put', key, value: Buffer.from(key) }],
                failure: [],
            });
            report({ type: 'written', key });
        } catch (error) {
            // Without an outcome: the key may be there or not.
            if (!(error instanceof StoreError)) throw error;
        }
    }
}

function report(message: MemberReport): void {
    process.stdout.write(`${JSON.stringify(message)}\n`);
}
