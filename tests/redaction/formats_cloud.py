"""Secret formats of clouds, hosting and infrastructure, from the vendors' public descriptions."""

import base64

from format import Secret, evident, made, named, placed, whole


def _bedrock_long(chance):
    body = f"BedrockAPIKey-{chance.some('n', 4)}-at-{chance.some('d', 12)}:{chance.some('b', 44)}"
    return "ABSK" + base64.b64encode(body.encode()).decode()


def _bedrock_short(chance):
    query = (
        "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=ASIA{chance.some('X', 16)}%2F20261123%2Fus-east-1%2Fbedrock%2Faws4_request"
        f"&X-Amz-Date=20261123T101502Z&X-Amz-Expires=43200&X-Amz-Signature={chance.some('h', 64)}&Version=1"
    )
    text = "bedrock-api-key-" + base64.b64encode(query.encode()).decode()
    # Names of parameters are no secret, and stand in other signed URLs too.
    return Secret(text, (text[-100:-20],))


def _service_account(chance):
    lines = [chance.some("b", 64) for _ in range(12)] + [chance.some("b", 30) + "=="]
    key = "\\n".join(["-----BEGIN " + "PRIVATE KEY-----", *lines, "-----END " + "PRIVATE KEY-----", ""])
    return Secret(key, tuple(lines))


def _one_password(chance):
    body = '{"signInAddress":"acme.1password.example","userAuth":{"method":"SRPg-4096"},"secretKey":"%s","muk":"%s"}'
    body %= (chance.some("X", 26), chance.some("w", 120))
    return "ops_" + base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


FORMATS = (
    evident("aws.access_key_id", "AK" "IA{X:16}", "AWS_ACCESS_KEY_ID aws_access_key_id"),
    evident("aws.temporary_key_id", "AS" "IA{X:16}", "AWS_ACCESS_KEY_ID aws_access_key_id"),
    named("aws.secret_access_key", "{b:40}", "AWS_SECRET_ACCESS_KEY aws_secret_access_key"),
    named("aws.session_token", "IQoJb3JpZ2luX2Vj{b:420}==", "AWS_SESSION_TOKEN aws_session_token"),
    made("aws.bedrock_key", whole(_bedrock_long, 4), "AWS_BEARER_TOKEN_BEDROCK"),
    made("aws.bedrock_short_key", _bedrock_short, "AWS_BEARER_TOKEN_BEDROCK"),
    evident("aws.mws", "amzn.mws.{uuid}", "MWS_AUTH_TOKEN"),
    placed("aws.signed_url", "{h:64}",
           "https://acme.s3.amazonaws.com/report.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261123T101502Z"
           "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=§S",
           'GET "https://acme.s3.eu-west-1.amazonaws.com/a/b.zip?X-Amz-Signature=§S&X-Amz-Expires=900" 200'),
    placed("aws.cloudfront_signature", "{w:171}~{w:170}__",
           "https://d111111abcdef8.cloudfront.net/video.mp4?Expires=1795422229&Signature=§S&Key-Pair-Id=K2JCJMDEHXQW5F",
           "curl -O 'https://d111111abcdef8.cloudfront.net/a.zip?Signature=§S&Key-Pair-Id=K2JCJMDEHXQW5F&Expires=1795422229'"),
    evident("google.api_key", "AI" "za{w:35}", "GOOGLE_API_KEY GOOGLE_MAPS_API_KEY",
            "https://maps.googleapis.com/maps/api/geocode/json?address=Lyon&key=§S"),
    evident("google.oauth_access", "ya" "29.a0{w:160}", "GOOGLE_OAUTH_ACCESS_TOKEN access_token"),
    evident("google.oauth_refresh", "1//0{d:1}{w:96}", "GOOGLE_REFRESH_TOKEN refresh_token"),
    evident("google.client_secret", "GOC" "SPX-{w:28}", "GOOGLE_CLIENT_SECRET client_secret"),
    made("google.service_account", _service_account, "",
         '{"type":"service_account","project_id":"acme","private_key_id":"3f2a","private_key":"§S","client_email":"a@acme.example"}',
         '  "private_key": "§S",', only_own=True),
    evident("google.fcm_server_key", "AAAA{w:7}:APA91b{w:134}", "FCM_SERVER_KEY", "Authorization: key=§S"),
    evident("google.gemini_key", "AQ." "Ab8RN6{w:44}", "GEMINI_API_KEY", "x-goog-api-key: §S"),
    placed("google.signed_url", "{h:512}",
           "https://storage.googleapis.com/acme/a.pdf?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=900&X-Goog-Signature=§S",
           "wget 'https://storage.googleapis.com/acme/b.csv?X-Goog-Signature=§S&X-Goog-SignedHeaders=host'"),
    placed("azure.storage_key", "{b:86}==",
           "DefaultEndpointsProtocol=https;AccountName=acmelogs;AccountKey=§S;EndpointSuffix=core.windows.net",
           'AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=§S"',
           "AZURE_STORAGE_KEY=§S", "az storage blob list --account-name acme --account-key §S"),
    placed("azure.sas", "{a:40}%2B%3D",
           "https://acme.blob.core.windows.net/c/f.csv?sv=2023-11-03&ss=b&srt=sco&sp=r&se=2026-12-01T00:00:00Z&spr=https&sig=§S",
           "azcopy copy ./a 'https://acme.blob.core.windows.net/c?sp=rw&st=2026-11-01&se=2026-12-01&sv=2022-11-02&sr=c&sig=§S'"),
    evident("azure.client_secret", "{a:3}8Q~{w:34}", "AZURE_CLIENT_SECRET client_secret"),
    evident("azure.devops_pat", "{a:52}JQQJ99{a:18}AZDO{a:4}", "AZURE_DEVOPS_EXT_PAT SYSTEM_ACCESSTOKEN"),
    placed("azure.cosmos_key", "{b:76}ACDb{b:5}Q==",
           "AccountEndpoint=https://acme.documents.azure.com:443/;AccountKey=§S;",
           'COSMOS_CONNECTION_STRING="AccountEndpoint=https://acme.documents.azure.com:443/;AccountKey=§S"'),
    placed("azure.servicebus_key", "{b:33}+ASBB{b:5}=",
           "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=§S",
           '"ServiceBus": "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=§S;EntityPath=q"'),
    placed("azure.eventhub_key", "{b:33}+AEhC{b:5}=",
           "Endpoint=sb://acme-eh.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=§S;EntityPath=logs",
           "EVENTHUB_CONNECTION_STRING='Endpoint=sb://acme-eh.servicebus.windows.net/;SharedAccessKeyName=r;SharedAccessKey=§S'"),
    placed("azure.iothub_key", "{b:33}AIoTA{b:5}=",
           "HostName=acme.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=§S",
           "HostName=acme.azure-devices.net;DeviceId=pump-7;SharedAccessKey=§S"),
    named("azure.apim_key", "{h:32}", "APIM_SUBSCRIPTION_KEY", "Ocp-Apim-Subscription-Key: §S",
          "curl -H 'Ocp-Apim-Subscription-Key: §S' https://acme.azure-api.net/echo"),
    named("azure.openai_key", "{h:32}", "AZURE_OPENAI_API_KEY AZURE_OPENAI_KEY", "api-key: §S",
          'curl https://acme.openai.azure.com/openai/models -H "api-key: §S"'),
    evident("azure.cognitive_key", "{a:52}JQQJ99{a:10}AAABACOG{a:8}", "AZURE_OPENAI_API_KEY AZURE_AI_KEY"),
    evident("azure.functions_key", "{w:44}AzFu{w:5}Q==", "AZURE_FUNCTION_KEY", "x-functions-key: §S",
            "https://acme.azurewebsites.net/api/run?code=§S"),
    evident("azure.search_key", "{a:42}AzSeB{a:5}", "AZURE_SEARCH_KEY AZURE_SEARCH_ADMIN_KEY"),
    evident("azure.container_registry", "{b:42}+ACRB{b:5}", "ACR_PASSWORD",
            "docker login acme.azurecr.io -u acme -p §S"),
    *(evident(f"digitalocean.{name}", prefix + "{h:64}", "DIGITALOCEAN_ACCESS_TOKEN DIGITALOCEAN_TOKEN")
      for name, prefix in (("pat", "do" "p_v1_"), ("oauth", "do" "o_v1_"), ("refresh", "do" "r_v1_"))),
    named("linode.token", "{h:64}", "LINODE_TOKEN LINODE_CLI_TOKEN"),
    named("hetzner.token", "{a:64}", "HCLOUD_TOKEN"),
    named("scaleway.secret_key", "{uuid}", "SCW_SECRET_KEY", "X-Auth-Token: §S"),
    named("ovh.application_secret", "{a:32}", "OVH_APPLICATION_SECRET"),
    named("ovh.consumer_key", "{a:32}", "OVH_CONSUMER_KEY"),
    named("vultr.api_key", "{v:36}", "VULTR_API_KEY"),
    evident("alibaba.access_key_id", "LT" "AI5t{a:18}", "ALIBABA_CLOUD_ACCESS_KEY_ID"),
    named("alibaba.access_key_secret", "{a:30}", "ALIBABA_CLOUD_ACCESS_KEY_SECRET ALICLOUD_SECRET_KEY"),
    evident("tencent.secret_id", "AK" "ID{a:32}", "TENCENTCLOUD_SECRET_ID"),
    named("tencent.secret_key", "{a:32}", "TENCENTCLOUD_SECRET_KEY"),
    named("ibm.api_key", "{w:44}", "IBMCLOUD_API_KEY IC_API_KEY", "ibmcloud login --apikey §S -r eu-de"),
    evident("yandex.iam_token", "t1.{w:170}.{w:86}", "YC_TOKEN YC_IAM_TOKEN"),
    evident("yandex.api_key", "AQVN{w:36}", "YANDEX_API_KEY YC_API_KEY"),
    named("yandex.static_secret", "YC{w:38}", "YANDEX_SECRET_ACCESS_KEY"),
    named("cloudflare.api_token", "{w:40}", "CLOUDFLARE_API_TOKEN CF_API_TOKEN"),
    named("cloudflare.global_key", "{h:37}", "CLOUDFLARE_API_KEY", "X-Auth-Key: §S"),
    evident("cloudflare.origin_ca", "v1.0-{h:24}-{h:146}", "CLOUDFLARE_API_USER_SERVICE_KEY"),
    named("fastly.token", "{w:32}", "FASTLY_API_TOKEN FASTLY_API_KEY", "Fastly-Key: §S"),
    evident("heroku.token", "HRKU-AA{w:58}", "HEROKU_API_KEY HEROKU_API_TOKEN"),
    named("heroku.uuid_key", "{uuid}", "HEROKU_API_KEY"),
    evident("fly.token", "FlyV1 fm2_{b:180}", "FLY_API_TOKEN"),
    evident("fly.oauth", "fo1_{w:43}", "FLY_API_TOKEN FLY_ACCESS_TOKEN"),
    evident("render.key", "rnd_{a:32}", "RENDER_API_KEY"),
    named("railway.token", "{uuid}", "RAILWAY_TOKEN RAILWAY_API_TOKEN"),
    named("vercel.token", "{a:24}", "VERCEL_TOKEN"),
    evident("netlify.token", "nfp_{a:36}", "NETLIFY_AUTH_TOKEN"),
    evident("supabase.access_token", "sbp_{h:40}", "SUPABASE_ACCESS_TOKEN"),
    evident("supabase.secret_key", "sb_" "secret_{w:22}_{w:8}", "SUPABASE_SECRET_KEY SUPABASE_SERVICE_ROLE_KEY"),
    placed("cloudinary.url", "{w:27}", "CLOUDINARY_URL=cloudinary://826469196146986:§S@acme",
           'cloudinary.config("cloudinary://118843229561234:§S@acme")'),
    evident("terraform.cloud", "{a:14}.atlas" "v1.{w:67}", "TFE_TOKEN TF_TOKEN_app_terraform_io",
            'credentials "app.terraform.io" { token = "§S" }'),
    evident("vault.service", "hv" "s.CAES{w:91}", "VAULT_TOKEN", "X-Vault-Token: §S"),
    evident("vault.batch", "hv" "b.AAAA{w:140}", "VAULT_TOKEN", "X-Vault-Token: §S"),
    named("vault.legacy", "s.{a:24}", "VAULT_TOKEN", "X-Vault-Token: §S"),
    named("consul.token", "{uuid}", "CONSUL_HTTP_TOKEN", "X-Consul-Token: §S"),
    named("nomad.token", "{uuid}", "NOMAD_TOKEN", "X-Nomad-Token: §S"),
    evident("pulumi.token", "pul-{h:40}", "PULUMI_ACCESS_TOKEN"),
    evident("doppler.personal", "dp.pt.{a:43}", "DOPPLER_TOKEN"),
    evident("doppler.service", "dp.st.prd.{a:43}", "DOPPLER_TOKEN"),
    named("infisical.service_token", "st.{h:24}.{h:32}.{h:32}", "INFISICAL_TOKEN"),
    made("onepassword.service_account", whole(_one_password, 60), "OP_SERVICE_ACCOUNT_TOKEN"),
    evident("onepassword.secret_key", "A3-{v:6}-{v:6}-{v:5}-{v:5}-{v:5}-{v:5}", "OP_SECRET_KEY"),
    named("bitwarden.access_token", "0.{uuid}.|{a:30}:{b:22}==", "BWS_ACCESS_TOKEN"),
    evident("scalingo.token", "tk-us-{w:48}", "SCALINGO_API_TOKEN"),
    evident("tailscale.auth_key", "tskey-" "auth-k{a:16}CNTRL-{a:32}", "TS_AUTHKEY TAILSCALE_AUTHKEY"),
    evident("tailscale.api_key", "tskey-" "api-k{a:16}CNTRL-{a:32}", "TAILSCALE_API_KEY"),
    evident("defined.token", "dnkey-{v:26}-{v:52}", "DEFINED_API_TOKEN"),
    evident("dynatrace.token", "dt0c01.{X:24}.{X:64}", "DT_API_TOKEN", "Authorization: Api-Token §S"),
    evident("octopus.key", "API-{v:26}", "OCTOPUS_API_KEY", "X-Octopus-ApiKey: §S"),
    evident("harness.pat", "pat.{w:22}.{h:24}.{a:20}", "HARNESS_API_KEY HARNESS_PAT"),
    evident("databricks.token", "da" "pi{h:32}", "DATABRICKS_TOKEN"),
    named("snowflake.password", "{a:18}", "SNOWFLAKE_PASSWORD SNOWSQL_PWD"),
    named("confluent.secret", "{b:64}", "CONFLUENT_CLOUD_API_SECRET KAFKA_API_SECRET"),
    named("upstash.token", "AX{a:58}", "UPSTASH_REDIS_REST_TOKEN"),
    evident("aiven.password", "AVNS_{w:19}", "AIVEN_PASSWORD"),
    evident("cockroach.key", "CCDB1_{a:22}_{a:40}", "COCKROACH_API_KEY"),
    evident("elastic.cloud_key", "essu_{a:76}==", "EC_API_KEY ELASTIC_CLOUD_KEY"),
    made("elastic.api_key", whole(lambda c: base64.b64encode(
        f"{c.some('a', 20)}:{c.some('w', 22)}".encode()).decode()), "", "Authorization: ApiKey §S",
        'curl -H "Authorization: ApiKey §S" https://es.acme.example:9200/_search', only_own=True, evident=False),
    *(evident(f"planetscale.{name}", f"pscale_{prefix}_{{w:43}}", names) for name, prefix, names in (
        ("token", "tkn", "PLANETSCALE_SERVICE_TOKEN"), ("password", "pw", "PLANETSCALE_PASSWORD"),
        ("oauth", "oauth", "PLANETSCALE_OAUTH_TOKEN"))),
    evident("neon.api_key", "napi_{n:64}", "NEON_API_KEY"),
    evident("neon.password", "npg_{a:12}", "PGPASSWORD",
            "postgresql://app:§S@ep-cool-wood-123456.eu-central-1.aws.neon.tech/app?sslmode=require"),
    *(placed(f"{name}.url", "{a:18}",
             f"{scheme}://app:§S@db.acme.example{port}/app", f"DATABASE_URL={scheme}://svc_app:§S@10.0.3.4{port}/prod",
             f'{{"url": "{scheme}://root:§S@db-1.internal{port}/main"}}')
      for name, scheme, port in (
          ("postgres", "postgres", ":5432"), ("mysql", "mysql", ":3306"), ("mongodb", "mongodb+srv", ""),
          ("redis", "rediss", ":6380"), ("amqp", "amqps", ":5671"), ("clickhouse", "clickhouse", ":9440"))),
    placed("sqlserver.connection", "{a:18}",
           "Server=tcp:acme.database.windows.net,1433;Initial Catalog=app;User ID=svc;Password=§S;Encrypt=True;",
           '"DefaultConnection": "Server=db1;Database=app;User Id=sa;Password=§S;"'),
    placed("redis.requirepass", "{a:24}", "requirepass §S", "masterauth §S"),
)
