import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { GrantedRule, RbacIndex } from './rbac-index.ts';
import { ruleAllows } from './rule.ts';

const noOpinion: Decision = { outcome: 'noOpinion', reason: '' };

/** Role based access control: allows what a rule of a bound role allows, and never denies. */
export class RbacAuthorizer implements Authorizer {
    readonly #index: RbacIndex;

    constructor(index: RbacIndex) {
        this.#index = index;
    }

    authorize(identity: Identity, attributes: RequestAttributes): Decision {
        const allowed = (rules: readonly GrantedRule[]) =>
            rules.find(({ compiled }) => ruleAllows(compiled, attributes));
        let granted = allowed(this.#index.clusterRules(identity));
        if (granted === undefined && attributes.kind === 'resource' && attributes.namespace !== '') {
            granted = allowed(this.#index.namespaceRules(identity, attributes.namespace));
        }
        return granted === undefined
            ? noOpinion
            : { outcome: 'allow', reason: `RBAC: allowed by ${granted.via}` };
    }
}
