//! What a language model is asked about a question, after the models, and what its answer adds.

use std::sync::Arc;

use super::{Engine, Looked, Prepared};
use crate::llm::{Llm, Opinion, Trouble};
use crate::verdict::Tier;

impl Engine {
    /// Has `llm` asked about what is left in the grey; none asks nobody.
    #[must_use]
    pub fn with_llm(self, llm: Option<Arc<Llm>>) -> Self {
        Self { llm, ..self }
    }

    /// What the language model says of a question: its answer, as soon as it comes. None where it is
    /// not to be asked.
    pub(crate) fn consult(
        &self,
        prepared: &Prepared,
        looked: &Looked,
    ) -> Option<impl Future<Output = Result<Opinion, Trouble>> + Send + use<>> {
        let llm = self.llm.as_ref()?;
        let category = prepared.category();
        if !llm.is_for(category, &looked.matches, &looked.said.scores) {
            return None;
        }
        let question = llm.question(looked.event(), &looked.facts);
        Some(Arc::clone(llm).ask(question))
    }

    /// Asks the language model, where it is to be asked, and waits for it as long as its own limit says.
    pub async fn ask_llm(&self, prepared: &Prepared, looked: &mut Looked) {
        if let Some(asked) = self.consult(prepared, looked) {
            let heard = asked.await;
            self.hear_llm(prepared, looked, heard);
        }
    }

    /// Takes what the language model said into account. It only adds to what matched before.
    pub(crate) fn hear_llm(
        &self,
        prepared: &Prepared,
        looked: &mut Looked,
        heard: Result<Opinion, Trouble>,
    ) {
        let Some(llm) = &self.llm else {
            return;
        };
        let said = &mut looked.said;
        said.llm = Some(match &heard {
            Ok(opinion) => Ok(opinion.score),
            Err(trouble) => Err(*trouble),
        });
        match heard {
            Ok(opinion) => {
                said.tier = Tier::Llm;
                said.model = Some(match &said.model {
                    Some(models) => format!("{models}, {}", llm.model()).into(),
                    None => llm.model().into(),
                });
                looked
                    .matches
                    .push(llm.finding(prepared.category(), &opinion));
            }
            Err(trouble) => {
                said.scores.unjudged = said.scores.unjudged.or(Some(trouble.unjudged()));
            }
        }
    }
}
