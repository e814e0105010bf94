import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../util/logger.ts';
import { ConfigurationFollower } from './configuration-follower.ts';
import { defaultConfiguration } from './default-configuration.ts';
import type { ResourceTransformers } from './resource-transformers.ts';

describe('an encryption configuration that is followed', () => {
    let directory: string;
    let file: string;
    let follower: ConfigurationFollower;
    let applied: ResourceTransformers[];
    let onApply: () => void;

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), 'hyperkube-encryption-'));
        file = join(directory, 'config.yaml');
        applied = [];
        onApply = () => undefined;
        const text = defaultConfiguration();
        writeFileSync(file, text);
        const apply = (transformers: ResourceTransformers): void => {
            applied.push(transformers);
            onApply();
        };
        follower = new ConfigurationFollower({ file, logger: silentLogger(), apply }, text);
    });
    afterEach(() => {
        follower.stop();
        rmSync(directory, { recursive: true });
    });

    it('is taken over when its file was replaced', async () => {
        follower.start();
        const done = new Promise<void>((resolve) => {
            onApply = resolve;
        });
        writeFileSync(`${file}.new`, defaultConfiguration());
        renameSync(`${file}.new`, file);
        await done;
        await follower.reload();
        expect(applied).toHaveLength(1);
    });

    it('stays what it was when the file is the same, gone or wrong, and says why', async () => {
        await follower.reload();
        expect(follower.problem).toBe(undefined);
        writeFileSync(file, 'kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n');
        await follower.reload();
        expect(follower.problem).toBe('resources: Required value: at least one resources is required');
        rmSync(file);
        await follower.reload();
        expect(follower.problem).toContain('ENOENT');
        expect(applied).toHaveLength(0);
        writeFileSync(file, defaultConfiguration());
        await follower.reload();
        expect(follower.problem).toBe(undefined);
        expect(applied).toHaveLength(1);
    });
});
