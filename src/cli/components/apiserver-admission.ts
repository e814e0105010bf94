import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkPluginNames, readAdmissionConfiguration } from '../../components/apiserver/admission/index.ts';
import type { AdmissionSelection } from '../../components/apiserver/assembly/options.ts';
import type { sharedApiserverFlags } from '../flag-sets/apiserver-flags.ts';
import type { FlagValues } from '../flags.ts';
import { FlagError } from './flag-error.ts';

export type AdmissionFlags = Pick<
    FlagValues<typeof sharedApiserverFlags>,
    | 'enable-admission-plugins'
    | 'disable-admission-plugins'
    | 'admission-control'
    | 'admission-control-config-file'
>;

/** The plugins that flags choose, and what the configuration file says of them. Rejects with a FlagError. */
export async function admissionSelectionOf(flags: AdmissionFlags): Promise<AdmissionSelection> {
    const file = flags['admission-control-config-file'];
    const only = flags['admission-control'];
    const names = {
        enable: flags['enable-admission-plugins'],
        disable: flags['disable-admission-plugins'],
        ...(only.length === 0 ? {} : { only }),
    };
    try {
        checkPluginNames(names);
    } catch (error) {
        throw new FlagError(error instanceof Error ? error.message : String(error), { cause: error });
    }
    return { ...names, ...(file === '' ? {} : { configuration: await configurationOf(file) }) };
}

async function configurationOf(file: string): Promise<NonNullable<AdmissionSelection['configuration']>> {
    try {
        const read = async (path: string): Promise<Buffer> => await readFile(resolve(dirname(file), path));
        return await readAdmissionConfiguration(await readFile(file), read);
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new FlagError(`--admission-control-config-file: ${file}: ${why}`, { cause: error });
    }
}
