import { StrictReader } from '../../configuration/strict-reader.ts';
import type {
    AnonymousConfiguration,
    AuthenticationConfiguration,
    ClaimMappings,
    IssuerConfiguration,
    JwtConfiguration,
    PrefixedClaimOrExpression,
} from './configuration.ts';

const document = {
    kind: 'AuthenticationConfiguration',
    apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1'],
};

/** Reads an AuthenticationConfiguration, YAML or JSON. Rejects with a ConfigurationError. */
export async function decodeAuthenticationConfiguration(text: string): Promise<AuthenticationConfiguration> {
    return await StrictReader.read(text, document, (reader, root) => {
        const { jwt, anonymous } = reader.fields(root, '', ['apiVersion', 'kind', 'jwt', 'anonymous']);
        return {
            jwt: reader.list(jwt, 'jwt', (item, path) => decodeJwt(reader, item, path)),
            anonymous: decodeAnonymous(reader, anonymous),
        };
    });
}

function decodeAnonymous(reader: StrictReader, value: unknown): AnonymousConfiguration | undefined {
    if (value === undefined || value === null) return undefined;
    const { enabled, conditions } = reader.fields(value, 'anonymous', ['enabled', 'conditions']);
    return {
        enabled: reader.flag(enabled, 'anonymous.enabled') ?? false,
        conditions: reader.list(conditions, 'anonymous.conditions', (item, path) => ({
            path: reader.text(reader.fields(item, path, ['path'])['path'], `${path}.path`),
        })),
    };
}

function decodeJwt(reader: StrictReader, value: unknown, path: string): JwtConfiguration {
    const names = ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules'];
    const { issuer, claimValidationRules, claimMappings, userValidationRules } = reader.fields(
        value,
        path,
        names,
    );
    return {
        issuer: decodeIssuer(reader, issuer, `${path}.issuer`),
        claimValidationRules: reader.list(claimValidationRules, `${path}.claimValidationRules`, (item, at) =>
            texts(reader, { value: item, path: at }, ['claim', 'requiredValue', 'expression', 'message']),
        ),
        claimMappings: decodeMappings(reader, claimMappings, `${path}.claimMappings`),
        userValidationRules: reader.list(userValidationRules, `${path}.userValidationRules`, (item, at) =>
            texts(reader, { value: item, path: at }, ['expression', 'message']),
        ),
    };
}

/** An object whose fields are all texts. */
function texts<K extends string>(
    reader: StrictReader,
    { value, path }: { value: unknown; path: string },
    names: readonly K[],
): Record<K, string> {
    const fields = reader.fields(value, path, names);
    const entries = names.map((name) => [name, reader.text(fields[name], `${path}.${name}`)] as const);
    return Object.fromEntries(entries) as Record<K, string>;
}

function decodeIssuer(reader: StrictReader, value: unknown, path: string): IssuerConfiguration {
    const names = [
        'url',
        'discoveryURL',
        'certificateAuthority',
        'audienceMatchPolicy',
        'egressSelectorType',
    ] as const;
    const { audiences, ...rest } = reader.fields(value, path, [...names, 'audiences']);
    return {
        ...texts(reader, { value: onlyKnown(rest, names), path }, names),
        audiences: reader.list(audiences, `${path}.audiences`, (item, at) => reader.text(item, at)),
    };
}

/** Unknown fields have been told of already. */
function onlyKnown(fields: Readonly<Record<string, unknown>>, names: readonly string[]): object {
    return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

function decodeMappings(reader: StrictReader, value: unknown, path: string): ClaimMappings {
    const { username, groups, uid, extra } = reader.fields(value, path, [
        'username',
        'groups',
        'uid',
        'extra',
    ]);
    return {
        username: decodePrefixed(reader, username, `${path}.username`),
        groups: decodePrefixed(reader, groups, `${path}.groups`),
        uid: texts(reader, { value: uid, path: `${path}.uid` }, ['claim', 'expression']),
        extra: reader.list(extra, `${path}.extra`, (item, at) =>
            texts(reader, { value: item, path: at }, ['key', 'valueExpression']),
        ),
    };
}

function decodePrefixed(reader: StrictReader, value: unknown, path: string): PrefixedClaimOrExpression {
    const { claim, prefix, expression } = reader.fields(value, path, ['claim', 'prefix', 'expression']);
    return {
        claim: reader.text(claim, `${path}.claim`),
        prefix: reader.optionalText(prefix, `${path}.prefix`),
        expression: reader.text(expression, `${path}.expression`),
    };
}
