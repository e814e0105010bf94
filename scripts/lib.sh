# Functions that up, down and test share. Sourced, not run. Needs $root (the project's directory).

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  next: %s\n' "$2" >&2
    exit 1
}

require_root_linux() {
    [ "$(uname -s)" = Linux ] || fail "hyperkube runs containers and needs Linux, this is $(uname -s)"
    [ "$(id -u)" = 0 ] || fail "this needs root: it starts containers and writes iptables rules" "run it again with sudo"
}

require_node() {
    command -v node >/dev/null || fail "Node.js is not installed" "apt-get install nodejs npm (Debian 13), or any Node.js >= 20.19"
    command -v npm >/dev/null || fail "npm is not installed" "apt-get install npm"
    node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||(a===20&&b>=19)?0:1)' ||
        fail "Node.js $(node --version) is too old" "install Node.js 20.19 or newer"
}

# install_packages COMMAND=PACKAGE ...: installs the packages whose command (or file) is missing.
install_packages() {
    local missing=() pair
    for pair in "$@"; do
        case "${pair%%=*}" in
        /*) [ -e "${pair%%=*}" ] || missing+=("${pair#*=}") ;;
        *) command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "missing packages: ${missing[*]}" "install them with this system's package manager"
    say "installing system packages: ${missing[*]}"
    local log
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "apt-get could not install ${missing[*]}" "see $log"
    fi
    rm -f "$log"
}

system_packages() {
    install_packages dockerd=docker.io /usr/lib/cni/bridge=containernetworking-plugins iptables=iptables \
        conntrack=conntrack /bin/busybox=busybox-static ip=iproute2 nsenter=util-linux "$@"
}

# etcd and etcdctl, which the store is compared with. Debian's package would start a service of its own, on the
# ports of a cluster that may run here: not while it is masked.
etcd_packages() {
    command -v etcd >/dev/null && command -v etcdctl >/dev/null && return 0
    [ ! -d /run/systemd/system ] || systemctl mask --quiet etcd.service
    install_packages etcd=etcd-server etcdctl=etcd-client
    [ ! -d /run/systemd/system ] || { systemctl unmask --quiet etcd.service && systemctl disable --quiet etcd.service; }
}

# Node.js packages as the lock file has them; again only when the lock file has changed.
node_packages() {
    local stamp="$root/node_modules/.hyperkube-lock"
    if ! cmp -s "$root/package-lock.json" "$stamp" 2>/dev/null; then
        say "installing Node.js packages"
        (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2) || fail "npm ci failed"
        cp "$root/package-lock.json" "$stamp"
    fi
}

docker_answers() { node "$root/scripts/lib/docker.mjs" ping >/dev/null 2>&1; }

# Starts dockerd when none answers: through systemd where that runs, by hand where not.
ensure_docker() {
    docker_answers && return 0
    say "starting dockerd"
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        mkdir -p /var/log
        setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &
    fi
    local i
    for i in $(seq 1 60); do
        docker_answers && return 0
        sleep 0.5
    done
    fail "dockerd does not answer after 30 s" "see /var/log/dockerd.log"
}
