//! Keeps each of the models' threads on one core.

/// Keeps candle from starting threads of its own; to be called while the program has one thread.
///
/// Of quantized matrices, candle 0.11 shares each multiplication out among as many threads as there
/// are cores, which wait for each other by spinning. A window's matrices are small: on a busy machine
/// nearly all of the time went into waiting. Only its environment tells it so.
#[expect(
    unsafe_code,
    reason = "the environment may be changed while nobody else can read it"
)]
pub(crate) fn settle() {
    // SAFETY: there is no other thread yet.
    unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
}
