"""Secret formats of source forges, package registries and CI, from the vendors' public descriptions."""

import base64
import json
import zlib

from chance import BASE36, crc_base62, crc_hex, digits_in_base
from format import Secret, evident, made, named, placed, whole


def _with_base62_checksum(prefix, length=30):
    """GitHub's and npm's shape: the CRC32 of the random part, in base62, is its last six signs."""
    def make(chance):
        body = chance.some("a", length)
        return Secret(prefix + body + crc_base62(body), (body + crc_base62(body),))
    return make


def _gitlab_routable(chance):
    """GitLab's newer shape: payload, its length and a CRC32, both in base36."""
    payload = base64.urlsafe_b64encode(chance.randbytes(27)).decode().rstrip("=")
    text = f"glp" f"at-{payload}." + digits_in_base(len(payload), BASE36, 2)
    text += digits_in_base(zlib.crc32(text.encode()), BASE36, 7)
    return text


def _atlassian(prefix, length):
    def make(chance):
        body = prefix + chance.some("w", length)
        return f"{body}={crc_hex(body).upper()}"
    return make


def _jfrog_reference(chance):
    return base64.b64encode(f"reftkn:01:{chance.some('d', 10)}:{chance.some('a', 27)}".encode()).decode()


def _sentry_org(chance):
    body = {"iat": 1795422229.5, "url": "https://sentry.io", "region_url": "https://de.sentry.io", "org": chance.some("l", 9)}
    text = base64.b64encode(json.dumps(body).encode()).decode().rstrip("=")
    return Secret(f"sntrys_{text}_{(key := chance.some('b', 43))}", (key,))


def _grafana_cloud(chance):
    body = {"o": chance.some("d", 6), "n": "stack-ci", "k": chance.some("a", 40), "m": {"r": "eu"}}
    text = base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()
    return Secret("glc_" + text, (text[40:],))


def _grafana_legacy(chance):
    body = {"k": chance.some("a", 32), "n": chance.some("l", 6), "id": 1}
    return base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()


def _grafana_service(chance):
    body = chance.some("a", 32)
    return "gls" f"a_{body}_{crc_hex(body)}"


def _mapbox(chance):
    body = base64.urlsafe_b64encode(json.dumps({"u": chance.some("l", 7), "a": "c" + chance.some("n", 24)}).encode())
    return f"sk.{body.decode().rstrip('=')}.{chance.some('w', 22)}"


FORMATS = (
    *(made(f"github.{name}", _with_base62_checksum("gh" + prefix, length), names,
           "git clone https://x-access-token:§S@github.com/acme/app.git", 'gh api -H "Authorization: token §S" /user')
      for name, prefix, length, names in (
          ("pat", "p_", 30, "GITHUB_TOKEN GH_TOKEN"), ("oauth", "o_", 30, "GITHUB_OAUTH_TOKEN"),
          ("user_to_server", "u_", 30, "GITHUB_TOKEN"), ("server_to_server", "s_", 30, "GITHUB_TOKEN"),
          ("refresh", "r_", 70, "GITHUB_REFRESH_TOKEN"))),
    evident("github.fine_grained", "github" "_pat_{a:22}_{a:59}", "GITHUB_TOKEN GH_PAT"),
    *(evident(f"gitlab.{name}", "gl" + pattern, names, "curl --header 'PRIVATE-TOKEN: §S' https://gitlab.acme.example/api/v4/user")
      for name, pattern, names in (
          ("pat", "pat-{w:20}", "GITLAB_TOKEN"), ("deploy", "dt-{w:20}", "GITLAB_DEPLOY_TOKEN CI_DEPLOY_PASSWORD"),
          ("runner", "rt-{w:20}", "RUNNER_TOKEN"), ("ci_job", "cbt-64_{w:20}", "CI_JOB_TOKEN"),
          ("feed", "ft-{w:20}", "GITLAB_FEED_TOKEN"), ("incoming_mail", "imt-{w:25}", "GITLAB_INCOMING_EMAIL_TOKEN"),
          ("agent", "agent-{w:50}", "GITLAB_AGENT_TOKEN"), ("scim", "soat-{w:20}", "GITLAB_SCIM_TOKEN"),
          ("trigger", "ptt-{h:40}", "TRIGGER_TOKEN"), ("oauth_app", "oas-{h:64}", "GITLAB_OAUTH_SECRET"))),
    made("gitlab.routable_pat", whole(_gitlab_routable, 6), "GITLAB_TOKEN"),
    evident("gitlab.runner_registration", "GR13" "48941{w:20}", "REGISTRATION_TOKEN"),
    evident("bitbucket.app_password", "AT" "BB{a:24}{h:8}", "BITBUCKET_APP_PASSWORD"),
    made("bitbucket.access_token", whole(_atlassian("ATC" "TT3xFfGN0", 160), 12), "BITBUCKET_TOKEN"),
    made("atlassian.api_token", whole(_atlassian("ATA" "TT3xFfGF0", 171), 12), "JIRA_API_TOKEN ATLASSIAN_TOKEN CONFLUENCE_TOKEN"),
    named("gitea.token", "{h:40}", "GITEA_TOKEN FORGEJO_TOKEN", "curl -H 'Authorization: token §S' https://git.acme.example/api/v1/user"),
    evident("linear.api_key", "lin_" "api_{a:40}", "LINEAR_API_KEY"),
    evident("linear.oauth", "lin_" "oauth_{h:64}", "LINEAR_OAUTH_TOKEN"),
    named("asana.pat", "1/{d:16}:|{h:32}", "ASANA_ACCESS_TOKEN ASANA_PAT"),
    evident("trello.token", "ATTA{h:72}", "TRELLO_TOKEN", "https://api.trello.com/1/boards/abc?key=12&token=§S"),
    evident("notion.secret", "secret_{a:43}", "NOTION_TOKEN NOTION_API_KEY"),
    evident("notion.token", "ntn_{d:11}{a:35}", "NOTION_TOKEN NOTION_API_KEY"),
    evident("airtable.pat", "pat{a:14}.{h:64}", "AIRTABLE_API_KEY AIRTABLE_PAT"),
    evident("figma.pat", "fi" "gd_{w:40}", "FIGMA_TOKEN", "X-Figma-Token: §S"),
    named("miro.token", "{w:27}", "MIRO_ACCESS_TOKEN"),
    evident("clickup.token", "pk_{d:8}_|{v:32}", "CLICKUP_API_TOKEN"),
    evident("postman.key", "PM" "AK-{h:24}-{h:34}", "POSTMAN_API_KEY", "X-Api-Key: §S"),
    evident("sourcegraph.token", "sgp_{h:16}_{h:40}", "SRC_ACCESS_TOKEN"),
    evident("sourcegraph.license", "slk_{h:64}", "SOURCEGRAPH_KEY"),
    evident("readme.key", "rdme_{n:70}", "README_API_KEY"),
    made("npm.token", _with_base62_checksum("np" "m_"), "NPM_TOKEN NODE_AUTH_TOKEN", "//registry.npmjs.org/:_authToken=§S"),
    named("npm.legacy_token", "{uuid}", "NPM_TOKEN", "//npm.acme.example/:_authToken=§S"),
    placed("npm.basic_auth", "{a:30}==", "//npm.acme.example/:_auth=§S", "_auth = §S"),
    evident("pypi.token", "pypi-AgEIcHlwaS5vcmc{w:150}", "PYPI_TOKEN TWINE_PASSWORD UV_PUBLISH_TOKEN", "password = §S"),
    evident("rubygems.key", "ruby" "gems_{h:48}", "GEM_HOST_API_KEY RUBYGEMS_API_KEY", ":rubygems_api_key: §S"),
    evident("crates.token", "cio{a:32}", "CARGO_REGISTRY_TOKEN"),
    evident("nuget.key", "oy2{x:43}", "NUGET_API_KEY", "dotnet nuget push a.nupkg --api-key §S"),
    evident("packagist.token", "packagist_" "uut_{h:68}", "PACKAGIST_TOKEN"),
    evident("docker.pat", "dckr_" "pat_{w:27}", "DOCKER_TOKEN DOCKERHUB_TOKEN", "docker login -u acme -p §S"),
    evident("docker.oat", "dckr_" "oat_{w:32}", "DOCKER_TOKEN"),
    evident("jfrog.api_key", "AK" "Cp8{a:68}", "ARTIFACTORY_API_KEY JFROG_API_KEY", "X-JFrog-Art-Api: §S"),
    made("jfrog.reference_token", whole(_jfrog_reference, 14), "JFROG_ACCESS_TOKEN ARTIFACTORY_TOKEN"),
    named("cloudsmith.key", "{h:40}", "CLOUDSMITH_API_KEY"),
    evident("clojars.token", "CLO" "JARS_{h:60}", "CLOJARS_PASSWORD CLOJARS_TOKEN"),
    placed("maven.password", "{a:20}", "<server><id>releases</id><username>ci</username><password>§S</password></server>",
           "mavenPassword=§S"),
    evident("circleci.pat", "CCI" "PAT_{a:22}_{h:40}", "CIRCLECI_TOKEN CIRCLE_TOKEN", "Circle-Token: §S"),
    evident("circleci.project", "CCI" "PRJ_{a:22}_{h:40}", "CIRCLECI_TOKEN"),
    named("travis.token", "{w:22}", "TRAVIS_API_TOKEN TRAVIS_TOKEN"),
    evident("buildkite.user", "bk" "ua_{h:40}", "BUILDKITE_API_TOKEN"),
    evident("buildkite.pipeline", "bk" "pt_{h:40}", "BUILDKITE_TOKEN"),
    named("drone.token", "{a:32}", "DRONE_TOKEN DRONE_RPC_SECRET"),
    named("jenkins.token", "11{h:32}", "JENKINS_API_TOKEN JENKINS_TOKEN", "curl -u ci:§S https://jenkins.acme.example/job/a/build"),
    named("snyk.token", "{uuid}", "SNYK_TOKEN"),
    *(evident(f"sonar.{name}", f"sq{sign}_{{h:40}}", "SONAR_TOKEN", "sonar-scanner -Dsonar.token=§S")
      for name, sign in (("project", "p"), ("user", "u"), ("analysis", "a"))),
    named("codecov.token", "{uuid}", "CODECOV_TOKEN"),
    made("sentry.org_token", _sentry_org, "SENTRY_AUTH_TOKEN"),
    evident("sentry.user_token", "snt" "ryu_{h:64}", "SENTRY_AUTH_TOKEN"),
    placed("sentry.dsn", "{h:32}", "SENTRY_DSN=https://0a1b2c3d4e5f60718293a4b5c6d7e8f9:§S@sentry.acme.example/42"),
    named("datadog.api_key", "{h:32}", "DD_API_KEY DATADOG_API_KEY", "DD-API-KEY: §S"),
    named("datadog.app_key", "{h:40}", "DD_APP_KEY DATADOG_APP_KEY", "DD-APPLICATION-KEY: §S"),
    evident("newrelic.user", "NR" "AK-{v:27}", "NEW_RELIC_API_KEY", "Api-Key: §S"),
    evident("newrelic.admin", "NR" "AA-{h:27}", "NEW_RELIC_ADMIN_KEY"),
    evident("newrelic.insert", "NR" "II-{w:32}", "NEW_RELIC_INSERT_KEY", "X-Insert-Key: §S"),
    evident("newrelic.query", "NR" "IQ-{w:32}", "NEW_RELIC_QUERY_KEY", "X-Query-Key: §S"),
    made("grafana.service_account", whole(_grafana_service, 5), "GRAFANA_TOKEN GRAFANA_SERVICE_ACCOUNT_TOKEN"),
    made("grafana.cloud", _grafana_cloud, "GRAFANA_CLOUD_TOKEN"),
    made("grafana.legacy_key", whole(_grafana_legacy, 6), "GRAFANA_API_KEY"),
    evident("honeycomb.ingest", "hca" "ik_01{x:58}", "HONEYCOMB_API_KEY", "X-Honeycomb-Team: §S"),
    evident("honeycomb.management", "hcb" "ik_01{x:58}", "HONEYCOMB_API_KEY"),
    named("splunk.hec", "{uuid}", "SPLUNK_HEC_TOKEN", "Authorization: Splunk §S"),
    named("pagerduty.key", "u+{w:18}", "PAGERDUTY_API_KEY", "Authorization: Token token=§S"),
    named("opsgenie.key", "{uuid}", "OPSGENIE_API_KEY", "Authorization: GenieKey §S"),
    named("rollbar.token", "{h:32}", "ROLLBAR_ACCESS_TOKEN", "X-Rollbar-Access-Token: §S"),
    named("bugsnag.key", "{h:32}", "BUGSNAG_API_KEY"),
    named("logzio.token", "{a:32}", "LOGZIO_TOKEN LOGZIO_SHIPPING_TOKEN"),
    named("sumologic.key", "{a:64}", "SUMOLOGIC_ACCESS_KEY SUMO_ACCESS_KEY"),
    made("mapbox.secret", whole(_mapbox, 6), "MAPBOX_SECRET_TOKEN MAPBOX_ACCESS_TOKEN",
         "https://api.mapbox.com/tokens/v2?access_token=§S"),
    named("algolia.admin_key", "{h:32}", "ALGOLIA_ADMIN_KEY ALGOLIA_API_KEY", "X-Algolia-API-Key: §S"),
    evident("launchdarkly.sdk", "sdk-{uuid}", "LAUNCHDARKLY_SDK_KEY LD_SDK_KEY"),
    evident("launchdarkly.mobile", "mob-{uuid}", "LAUNCHDARKLY_MOBILE_KEY"),
    evident("launchdarkly.api", "api-{uuid}", "LAUNCHDARKLY_ACCESS_TOKEN"),
    evident("prefect.key", "pnu_{a:36}", "PREFECT_API_KEY"),
    evident("dbt.service", "dbtc_{w:40}", "DBT_CLOUD_TOKEN"),
    evident("dbt.user", "dbtu_{w:40}", "DBT_CLOUD_TOKEN"),
)
