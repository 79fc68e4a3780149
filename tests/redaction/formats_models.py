"""Secret formats of makers of models and of what is built around them."""

from format import Secret, evident, made, named


def _openai(prefix, half):
    """OpenAI's keys carry the word OpenAI in base64 in their middle."""
    def make(chance):
        kind = "a" if half == 20 else "w"
        body = chance.some(kind, half) + "T3Blbk" "FJ" + chance.some(kind, half)
        return Secret(prefix + body, (body[:half], body[-half:]))
    return make


FORMATS = (
    *(evident(f"anthropic.{name}", f"sk-ant-{prefix}-{{w:93}}AA", names, "x-api-key: §S",
              "curl https://api.anthropic.com/v1/messages -H 'x-api-key: §S' -H 'anthropic-version: 2023-06-01'")
      for name, prefix, names in (
          ("api", "api03", "ANTHROPIC_API_KEY CLAUDE_API_KEY"), ("admin", "admin01", "ANTHROPIC_ADMIN_KEY"),
          ("oauth", "oat01", "CLAUDE_CODE_OAUTH_TOKEN ANTHROPIC_AUTH_TOKEN"), ("refresh", "ort01", "CLAUDE_REFRESH_TOKEN"))),
    *(made(f"openai.{name}", _openai(prefix, half), names,
           "curl https://api.openai.com/v1/models -H 'Authorization: Bearer §S'")
      for name, prefix, half, names in (
          ("legacy", "sk-", 20, "OPENAI_API_KEY OPENAI_KEY"), ("project", "sk-" "proj-", 74, "OPENAI_API_KEY"),
          ("service", "sk-" "svcacct-", 74, "OPENAI_API_KEY"), ("admin", "sk-" "admin-", 58, "OPENAI_ADMIN_KEY"))),
    evident("openrouter.key", "sk-or-" "v1-{h:64}", "OPENROUTER_API_KEY"),
    evident("groq.key", "gs" "k_{a:20}WGdyb3FY{a:24}", "GROQ_API_KEY"),
    evident("xai.key", "xai-{a:80}", "XAI_API_KEY"),
    evident("perplexity.key", "pp" "lx-{a:48}", "PERPLEXITY_API_KEY PPLX_API_KEY"),
    evident("replicate.token", "r8_{a:37}", "REPLICATE_API_TOKEN"),
    evident("huggingface.token", "h" "f_{s:34}", "HF_TOKEN HUGGINGFACE_TOKEN HUGGING_FACE_HUB_TOKEN"),
    evident("huggingface.org_token", "api_" "org_{s:34}", "HF_TOKEN"),
    named("cohere.key", "{a:40}", "COHERE_API_KEY CO_API_KEY"),
    named("mistral.key", "{a:32}", "MISTRAL_API_KEY"),
    named("deepseek.key", "sk-{h:32}", "DEEPSEEK_API_KEY"),
    evident("fireworks.key", "fw_{a:24}", "FIREWORKS_API_KEY"),
    evident("together.key", "tgp_v1_{w:43}", "TOGETHER_API_KEY"),
    evident("cerebras.key", "csk-{n:48}", "CEREBRAS_API_KEY"),
    evident("langsmith.personal", "lsv2_pt_{h:32}_{h:10}", "LANGSMITH_API_KEY LANGCHAIN_API_KEY"),
    evident("langsmith.service", "lsv2_sk_{h:32}_{h:10}", "LANGSMITH_API_KEY"),
    evident("langfuse.secret", "sk-lf-{uuid}", "LANGFUSE_SECRET_KEY"),
    named("wandb.key", "{h:40}", "WANDB_API_KEY", "wandb login §S"),
    evident("pinecone.key", "pcsk_{a:5}_{a:63}", "PINECONE_API_KEY"),
    named("weaviate.key", "{a:36}", "WEAVIATE_API_KEY"),
    named("qdrant.key", "{w:54}", "QDRANT_API_KEY"),
    evident("elevenlabs.key", "sk_{h:48}", "ELEVENLABS_API_KEY XI_API_KEY", "xi-api-key: §S"),
    named("assemblyai.key", "{h:32}", "ASSEMBLYAI_API_KEY"),
    named("deepgram.key", "{h:40}", "DEEPGRAM_API_KEY", "Authorization: Token §S"),
    evident("stability.key", "sk-{a:48}", "STABILITY_API_KEY"),
    evident("nvidia.key", "nv" "api-{w:64}", "NVIDIA_API_KEY NGC_API_KEY"),
    evident("voyage.key", "pa-{w:43}", "VOYAGE_API_KEY"),
    evident("jina.key", "jina_{h:32}{w:28}", "JINA_API_KEY"),
    evident("tavily.key", "tvly-dev-{a:32}", "TAVILY_API_KEY"),
    named("exa.key", "{uuid}", "EXA_API_KEY"),
    evident("firecrawl.key", "fc-{h:32}", "FIRECRAWL_API_KEY"),
    evident("e2b.key", "e2b_{h:40}", "E2B_API_KEY"),
    named("livekit.secret", "{a:43}", "LIVEKIT_API_SECRET"),
)
