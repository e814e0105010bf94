import { InvalidArgumentError } from 'commander';
import { cipherSuiteNames, isTlsVersion, tlsVersionNames } from '../../util/tls-settings.ts';
import { flag } from '../flags.ts';

/** What a serving port speaks; upstream's names and texts. */
export const tlsFlags = {
    'tls-cipher-suites': {
        ...flag.list(
            `cipher suites that may be used with TLS 1.2, by their IANA names; default: those of the runtime (${cipherSuiteNames.join(', ')})`,
        ),
        parse: (text: string): string[] => {
            const names = text.split(',').filter((part) => part !== '');
            const unknown = names.find((name) => !cipherSuiteNames.includes(name));
            if (unknown !== undefined) {
                throw new InvalidArgumentError(`Cipher suite ${unknown} not supported or doesn't exist`);
            }
            return names;
        },
    },
    'tls-min-version': {
        ...flag.string(
            `lowest version of TLS that is spoken (${tlsVersionNames.join(', ')})`,
            'VersionTLS12',
        ),
        parse: (text: string): string => {
            if (text === '') return 'VersionTLS12';
            if (!isTlsVersion(text)) {
                throw new InvalidArgumentError(`unknown tls version ${JSON.stringify(text)}`);
            }
            return text;
        },
    },
} as const;
