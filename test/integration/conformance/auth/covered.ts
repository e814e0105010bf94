import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'certificates.suite.ts': {
        'requests are created, read, changed and deleted': ['CertificateSigningRequest API'],
    },
    'service-accounts.suite.ts': {
        'who has a token can verify it with what the issuer publishes': [
            'OIDC Discovery (ServiceAccountIssuerDiscovery)',
        ],
        'a pod gets the token of its account mounted unless pod or account refuse': [
            'Service account tokens auto mount optionally',
        ],
        'a token of an account is given, and a review knows whose it is': [
            'ServiceAccount, create and review token',
        ],
        'every namespace has the root CA, again after it was deleted or changed': ['RootCA ConfigMap test'],
        'an account is created, watched, patched, listed and deleted by its label': [
            'ServiceAccount lifecycle test',
        ],
        'an account is updated': ['ServiceAccount, update a ServiceAccount'],
    },
    'reviews.suite.ts': {
        'reviews of an account agree with what happens to its requests': ['SubjectReview, API Operations'],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a kubelet: what runs in the pod is looked at': [
        'Service Account Tokens Must AutoMount',
        'TokenRequestProjection should mount a projected volume with token using TokenRequest API.',
    ],
};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
