import { readFile } from 'node:fs/promises';
import { parseYaml } from '../../../api/schema/parse.ts';
import { loadKubeconfig } from '../../../client/kubeconfig.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { KubeconfigWebhook } from '../webhook/kubeconfig-webhook.ts';
import { Auditor, type AuditOutput } from './auditor.ts';
import { LogSink } from './log-sink.ts';
import type { AuditMode } from './modes.ts';
import { AuditPolicy, AuditPolicyError } from './policy.ts';
import type { ThrottleSettings } from './throttle.ts';
import { type BatchSettings, initialBackoffDefaultMs, WebhookSink } from './webhook-sink.ts';

export interface AuditSettings {
    policyFile: string;
    /** Empty for no log, "-" for standard output. */
    logPath: string;
    logMaxAgeDays: number;
    logMaxBackups: number;
    logMaxSizeMegabytes: number;
    /** Compresses logs that are put aside. Default false. */
    logCompress?: boolean;
    /** Holds in batch mode; default: as many events leave as there are. */
    logThrottle?: ThrottleSettings | undefined;
    /** Default 'blocking'. */
    logMode?: AuditMode;
    /** Default: events are never truncated. */
    logEventBytesMax?: number | undefined;
    /** Kubeconfig of the webhook; empty for none. */
    webhookConfigFile: string;
    /** Default 'batch'. */
    webhookMode?: AuditMode;
    webhookBatch?: Partial<BatchSettings>;
    /** Default 10 s. */
    webhookInitialBackoffMs?: number;
    /** Default: events are never truncated. */
    webhookEventBytesMax?: number | undefined;
}

interface Surroundings {
    clock: Clock;
    logger: Logger;
}

/** The auditor that the flags ask for; undefined without a policy or without anywhere to write to. */
export async function createAuditor(
    settings: AuditSettings,
    surroundings: Surroundings,
): Promise<Auditor | undefined> {
    const { policyFile, logPath, webhookConfigFile } = settings;
    if (policyFile === '') return undefined;
    const policy = await readPolicy(policyFile);
    const outputs: AuditOutput[] = [];
    if (logPath !== '') outputs.push(await logOutput(settings, surroundings));
    if (webhookConfigFile !== '') outputs.push(await webhookOutput(settings, surroundings));
    return outputs.length === 0 ? undefined : new Auditor(policy, outputs);
}

async function logOutput(settings: AuditSettings, { clock, logger }: Surroundings): Promise<AuditOutput> {
    const sink = new LogSink({
        path: settings.logPath,
        maxAgeDays: settings.logMaxAgeDays,
        maxBackups: settings.logMaxBackups,
        maxSizeMegabytes: settings.logMaxSizeMegabytes,
        compress: settings.logCompress ?? false,
        throttle: settings.logThrottle,
        clock,
        logger,
    });
    await sink.open();
    return { sink, mode: settings.logMode ?? 'blocking', eventBytesMax: settings.logEventBytesMax };
}

async function webhookOutput(settings: AuditSettings, { clock, logger }: Surroundings): Promise<AuditOutput> {
    const sink = new WebhookSink({
        client: new KubeconfigWebhook(await loadKubeconfig(settings.webhookConfigFile), { clock }),
        batch: settings.webhookBatch ?? {},
        initialBackoffMs: settings.webhookInitialBackoffMs ?? initialBackoffDefaultMs,
        clock,
        logger,
    });
    return { sink, mode: settings.webhookMode ?? 'batch', eventBytesMax: settings.webhookEventBytesMax };
}

async function readPolicy(file: string): Promise<AuditPolicy> {
    try {
        return AuditPolicy.parse((await parseYaml(await readFile(file))).value);
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new AuditPolicyError(`--audit-policy-file: ${file}: ${reason}`, { cause: error });
    }
}
