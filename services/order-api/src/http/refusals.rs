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
