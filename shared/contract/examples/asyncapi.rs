//! Prints the AsyncAPI 3 document of the streams. It is generated from the types that the services write
//! and read, so it can't say anything else than they do.

use contract::{Fields, command, event, samples};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Writes a channel's address as keys are built by default: prefix, partition as hash tag, stream.
fn address(stream: &str) -> String {
    format!("orderflow:{{partition}}:{stream}")
}

fn reference(path: impl AsRef<str>) -> Value {
    json!({ "$ref": format!("#/{}", path.as_ref()) })
}

fn channel(stream: &str, description: &str, messages: &[String]) -> Value {
    let messages: Map<String, Value> = messages
        .iter()
        .map(|name| (name.clone(), reference(format!("components/messages/{name}"))))
        .collect();
    json!({
        "address": address(stream),
        "description": description,
        "parameters": { "partition": reference("components/parameters/partition") },
        "messages": messages,
    })
}

fn operation(action: &str, stream: &str, summary: &str, names: &[String]) -> Value {
    let messages: Vec<Value> =
        names.iter().map(|name| reference(format!("channels/{stream}/messages/{name}"))).collect();
    json!({ "action": action, "channel": reference(format!("channels/{stream}")), "summary": summary, "messages": messages })
}

/// A message whose payload is the stream entry's `data`, and whose headers are the other fields.
fn message(title: &str, summary: &str, data: Value, fields: &Fields) -> Value {
    let field = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let payload: Value =
        serde_json::from_str(field("data").expect("every message has data")).expect("data is JSON");
    let headers: Map<String, Value> = fields
        .iter()
        .filter(|(name, _)| *name != "data")
        .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
        .collect();
    json!({
        "name": title,
        "title": title,
        "summary": summary,
        "contentType": "application/json",
        "headers": reference("components/schemas/Envelope"),
        "payload": data,
        "examples": [{ "headers": headers, "payload": payload }],
    })
}

fn data_schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn main() {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let schema = &mut generator;
    let event_schemas = [
        (data_schema::<event::OrderPlaced>(schema), "The order was accepted; its time is when"),
        (data_schema::<event::OrderProcessing>(schema), "A worker took the order"),
        (data_schema::<event::OrderCompleted>(schema), "Every step was accepted"),
        (
            data_schema::<event::OrderFailed>(schema),
            "A step was refused, or the last attempt did not get through",
        ),
        (
            data_schema::<event::OrderRetrying>(schema),
            "An attempt did not get through; the next one comes when due",
        ),
        (data_schema::<event::OrderCancelled>(schema), "Taken back before any worker had it"),
        (data_schema::<event::OrderCompensated>(schema), "What the failed order had done outside was undone"),
    ];
    let command_schemas = [
        (
            samples::command(),
            data_schema::<command::ProcessOrder>(schema),
            "Run the order through the pipeline",
        ),
        (
            samples::compensation(),
            data_schema::<command::CompensateOrder>(schema),
            "Undo what was done outside for an order that failed",
        ),
    ];

    let mut messages = Map::new();
    let mut events = Vec::new();
    for (event, (data, summary)) in samples::events().iter().zip(event_schemas) {
        let name = event.kind().as_str().to_owned();
        messages.insert(name.clone(), message(&name, summary, data, &event.to_fields()));
        events.push(name);
    }
    let mut commands = Vec::new();
    for (command, data, summary) in command_schemas {
        let name = command.message_type().to_owned();
        messages.insert(name.clone(), message(&name, summary, data, &command.to_fields()));
        commands.push(name);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Envelope".into(), envelope_schema());

    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Orderflow streams",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The Redis Streams between the services. An entry is a CloudEvents 1.0 message: one field for each attribute, `data` as JSON. Delivery is at least once; the order's `version` only grows, so a consumer drops what is not above the version it has.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": {
            "queue": channel("queue", "Commands for order-processor; consumer group `order-processor`.", &commands),
            "events": channel("events", "What happened to orders; consumer groups `order-api` and `metrics-service`.", &events),
        },
        "operations": {
            "sendCommands": operation("send", "queue", "order-api's relay asks to work on an order, and to undo what was done for one that failed; order-processor to try again", &commands),
            "receiveCommands": operation("receive", "queue", "order-processor takes them through its group", &commands),
            "sendEvents": operation("send", "events", "order-api and order-processor report", &events),
            "receiveEvents": operation("receive", "events", "order-api and metrics-service follow, each through its group", &events),
        },
        "components": {
            "parameters": {
                "partition": { "description": "CRC-32 of the order id's 16 bytes, modulo the number of partitions.", "default": "0" },
            },
            "messages": messages,
            "schemas": schemas,
        },
    });
    println!("{}", serde_json::to_string_pretty(&document).expect("a JSON value always serializes"));
}

/// The attributes of [`contract::Envelope`], as stream fields.
fn envelope_schema() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time"],
        "properties": {
            "specversion": { "type": "string", "const": contract::envelope::SPEC_VERSION },
            "id": text("Unique for its source; the same when a message is sent twice."),
            "source": text("The service that wrote it."),
            "type": text("What the message is."),
            "subject": text("The order's id."),
            "time": { "type": "string", "format": "date-time" },
            "traceparent": text("W3C trace context of the work that caused it."),
        },
    })
}
