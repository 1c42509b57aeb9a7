//! Which problems each operation may answer with.

use runtime::documented_refusals;

documented_refusals! {
    /// Of `POST /orders`.
    PlaceRefusals {
        400 => "The body is not JSON (`malformed_json`), or the key is not one (`invalid_idempotency_key`)",
        408 => "The body did not arrive in time (`body_timeout`)",
        413 => "The body is too large (`body_too_large`)",
        415 => "The body is not declared as JSON (`unsupported_media_type`)",
        422 => "A field is missing, unknown or not valid (`validation_failed`, with each field named), or the key was used with another body (`idempotency_key_reused`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "Too many orders at once (`overloaded`), or the database can't be written (`storage_unavailable`); nothing was stored",
    }
}

documented_refusals! {
    /// Of the routes of one order.
    OrderRefusals {
        400 => "A parameter is not valid (`invalid_parameter`)",
        404 => "There is no such order (`order_not_found`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "The database can't be read (`storage_unavailable`)",
    }
}

documented_refusals! {
    /// Of `GET /orders/{order_id}/events`.
    EventsRefusals {
        400 => "A parameter is not valid (`invalid_parameter`)",
        404 => "There is no such order (`order_not_found`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "The database can't be read (`storage_unavailable`), or too many streams are open (`too_many_streams`)",
    }
}

documented_refusals! {
    /// Of the list.
    ListRefusals {
        400 => "A parameter is not valid (`invalid_parameter`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "The database can't be read (`storage_unavailable`)",
    }
}

documented_refusals! {
    /// Of what only Redis knows.
    QueueRefusals {
        500 => "A mistake on our side (`internal_error`)",
        503 => "Redis does not answer (`redis_unavailable`)",
    }
}

documented_refusals! {
    /// Of `POST /orders/{order_id}/cancel`.
    CancelRefusals {
        404 => "There is no such order (`order_not_found`)",
        409 => "It is too late: a worker has begun with it (`already_started`), or it is completed (`already_completed`) or has failed (`already_failed`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "It can't be told yet: Redis does not answer (`redis_unavailable`), the order is not with the workers yet (`not_published`), its message was lost and is being published again (`message_lost`), or the database can't be used (`storage_unavailable`)",
    }
}

documented_refusals! {
    /// Of `POST /orders/{order_id}/retry`.
    RetryRefusals {
        404 => "There is no such order (`order_not_found`)",
        409 => "The order has not failed (`not_failed`), or what was done for it is being undone (`compensating`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "The database can't be written (`storage_unavailable`), or the order is being published (`not_published`); nothing was done",
    }
}

documented_refusals! {
    /// Of `POST /orders/retry`.
    RetryManyRefusals {
        400 => "The body is not JSON (`malformed_json`)",
        408 => "The body did not arrive in time (`body_timeout`)",
        413 => "The body is too large (`body_too_large`)",
        415 => "The body is not declared as JSON (`unsupported_media_type`)",
        422 => "A field is unknown or not valid (`validation_failed`, with each field named)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "The database can't be used (`storage_unavailable`); nothing was done",
    }
}

documented_refusals! {
    /// Of `GET /dead-letters`.
    DeadLettersRefusals {
        400 => "A parameter is not valid (`invalid_parameter`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "Redis does not answer (`redis_unavailable`)",
    }
}

documented_refusals! {
    /// Of the routes that look at one dead letter, or delete it.
    DeadLetterRefusals {
        404 => "There is no such dead letter (`dead_letter_not_found`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "Redis does not answer (`redis_unavailable`)",
    }
}

documented_refusals! {
    /// Of `POST /dead-letters/{id}/redrive`.
    RedriveRefusals {
        404 => "There is no such dead letter (`dead_letter_not_found`)",
        409 => "Its order has another message by now (`order_has_message`), or it has no fields (`nothing_to_send`)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "Redis does not answer (`redis_unavailable`)",
    }
}

documented_refusals! {
    /// Of `POST /dead-letters/redrive`.
    RedriveManyRefusals {
        400 => "The body is not JSON (`malformed_json`)",
        408 => "The body did not arrive in time (`body_timeout`)",
        413 => "The body is too large (`body_too_large`)",
        415 => "The body is not declared as JSON (`unsupported_media_type`)",
        422 => "A field is missing, unknown or not valid (`validation_failed`, with each field named)",
        500 => "A mistake on our side (`internal_error`)",
        503 => "Redis does not answer (`redis_unavailable`); some may have been sent already",
    }
}
