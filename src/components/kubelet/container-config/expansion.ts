/**
 * Replaces $(NAME) by its value (upstream: third_party/forked/golang/expansion). "$$" is a literal "$";
 * names without a value stay as they are: "$(A) $$(A) $(B)" with A=1 gives "1 $(A) $(B)".
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
    return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
        if (name === undefined) return '$';
        return lookUp(name) ?? whole;
    });
}
