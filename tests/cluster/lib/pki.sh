# shellcheck shell=bash disable=SC2034,SC2153  # variables that sourcing scripts share
# The cluster's own certificate authority, and every kind of credential that a
# client may hold: bearer token, client certificate, service account (through
# `kubectl create token`).
#
# Sourced. Gives make_credentials STATE URL. Writes, in STATE:
#   ca.crt ca.key              signs the server and the clients
#   server.crt server.key      the API server's
#   sa.key sa.pub              signs service account tokens
#   admin.token                bearer token of user admin, group system:masters
#   admin.crt admin.key        the same user by client certificate
#   tokens.csv                 all tokens, for the API server
#   kubeconfig                 admin by token, everything embedded
#   kubeconfig-cert            admin by certificate, by file names
#   curlrc                     admin by token, for curl
#   component-*.kubeconfig     controller manager, scheduler, KWOK

SERVICE_RANGE=10.96.0.0/16
SERVICE_FIRST_IP=10.96.0.1

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

# sign NAME SUBJECT EXTENSION...: NAME.key and NAME.crt by the CA in this folder.
sign() {
  local name="$1" subject="$2"
  shift 2
  new_key "$name.key"
  openssl req -new -key "$name.key" -subj "$subject" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 365 \
      -extfile <(printf '%s\n' "$@") -out "$name.crt" 2>/dev/null
}

# kubeconfig CLUSTER URL USER AUTHORITY USER_LINE...: prints one. The user's name
# is a word on purpose: a bare n or y would be a boolean to YAML 1.1.
print_kubeconfig() {
  local cluster="$1" url="$2" user="$3" authority="$4"
  shift 4
  cat <<YAML
apiVersion: v1
kind: Config
current-context: $cluster
clusters:
  - name: $cluster
    cluster:
      server: $url
      $authority
contexts:
  - name: $cluster
    context:
      cluster: $cluster
      user: $user
users:
  - name: $user
    user:
$(printf '      %s\n' "$@")
YAML
}

make_tokens() {
  local user group name
  while read -r name user group; do
    local token
    token="$(openssl rand -hex 16)"
    printf '%s' "$token" >"$name.token"
    printf '%s,%s,%s,"%s"\n' "$token" "$user" "$user" "$group"
  done >tokens.csv <<'USERS'
admin admin system:masters
kube-controller-manager system:kube-controller-manager processhub:components
kube-scheduler system:kube-scheduler processhub:components
kwok kwok system:masters
USERS
}

make_credentials() (
  local state="$1" url="$2" cluster authority_data component
  umask 077
  cluster="processhub-$(basename "$state")"
  cd "$state" || exit

  new_key ca.key
  openssl req -x509 -new -key ca.key -subj "/CN=$cluster" -days 365 -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  sign server /CN=kube-apiserver extendedKeyUsage=serverAuth keyUsage=digitalSignature \
    "subjectAltName=IP:127.0.0.1,IP:$SERVICE_FIRST_IP,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  sign admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth keyUsage=digitalSignature
  new_key sa.key
  openssl pkey -in sa.key -pubout -out sa.pub
  make_tokens

  authority_data="certificate-authority-data: $(base64 -w0 ca.crt)"
  for component in kube-controller-manager kube-scheduler kwok; do
    print_kubeconfig "$cluster" "$url" "$component" "$authority_data" \
      "token: $(<"$component.token")" >"component-$component.kubeconfig"
    rm "$component.token"
  done
  print_kubeconfig "$cluster" "$url" admin "certificate-authority: $state/ca.crt" \
    "client-certificate: $state/admin.crt" "client-key: $state/admin.key" >kubeconfig-cert
  # noproxy: a proxy from the environment has no business with loopback.
  printf 'silent\nnoproxy = "*"\ncacert = "%s"\nheader = "Authorization: Bearer %s"\n' \
    "$state/ca.crt" "$(<admin.token)" >curlrc
  # Last, and at once: who sees it may use it.
  print_kubeconfig "$cluster" "$url" admin "$authority_data" "token: $(<admin.token)" >kubeconfig.tmp
  mv kubeconfig.tmp kubeconfig
)
