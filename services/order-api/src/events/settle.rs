//! Undoing what is owed: a compensation for each order, published like any other message.

use crate::intake::{Again, Intake, IntakeError};

/// Has the compensations published. Durable when it returns; what is on its way already is not asked for twice.
pub(crate) async fn settle(intake: &Intake, owed: Vec<Again>) -> Result<(), IntakeError> {
    if !owed.is_empty() {
        intake.again(owed).await?;
    }
    Ok(())
}
