import { Command } from 'commander';
import { buildDate, gitCommit, gitVersion, hyperkubeVersion, kubernetesVersion } from '../util/version.ts';

export function versionCommand(): Command {
    return new Command('version')
        .description('print the version of hyperkube and of the Kubernetes API it speaks')
        .option('-o, --output <format>', 'json for a machine-readable form')
        .action((options: { output?: string }) => {
            if (options.output !== undefined && options.output !== 'json')
                throw new TypeError(`unknown output format "${options.output}", expected json`);
            const info = {
                hyperkube: hyperkubeVersion,
                kubernetes: kubernetesVersion,
                gitVersion,
                gitCommit,
                buildDate,
            };
            process.stdout.write(
                options.output === 'json'
                    ? `${JSON.stringify({ ...info, node: process.version, platform: `${process.platform}/${process.arch}` }, null, 2)}\n`
                    : `hyperkube ${hyperkubeVersion} (Kubernetes v${kubernetesVersion}, Node.js ${process.version}, ${process.platform}/${process.arch})\n`,
            );
        });
}
