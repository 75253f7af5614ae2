"""Mistakes that learners make in stage 07, each with the test that notices it."""


@knockout(
    of="accuracy",
    killed_by="test_unit_accuracy_example",
    says="the largest score is looked for down the columns, not along the row",
)
def along_the_examples(outputs, targets):
    best = outputs.argmax(dim=0).tolist()
    right = [best[i % len(best)] == t for i, t in enumerate(targets.tolist())]
    return sum(right) / len(right)


@knockout(
    of="accuracy",
    killed_by="test_unit_accuracy_example",
    says="the right answers are counted, but not divided by how many there are",
)
def a_count(outputs, targets):
    return float((outputs.argmax(dim=1) == targets).data.sum())


@knockout(
    of="accuracy",
    killed_by="test_unit_accuracy_number",
    says="a tensor or a NumPy number is given back, not a float",
)
def a_tensor(outputs, targets):
    return (outputs.argmax(dim=1) == targets).float().mean()


@knockout(
    of="accuracy",
    killed_by="test_unit_accuracy_rows",
    says="a score above 0.5 counts as yes, as if there were two classes",
)
def two_classes(outputs, targets):
    yes = outputs.data[:, 1] > outputs.data[:, 0]
    return float((yes.astype(int) == targets.data).mean())


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_example",
    says="the gradients are there, but no step is taken",
)
def never_steps(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    return number


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_gradients_of_this_batch",
    says="old gradients are never cleared, so backward adds to them",
)
def zero_grad_forgotten(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    loss.backward()
    self.update()
    return number


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_example",
    says="the gradients are cleared between backward and the step, so nothing moves",
)
def cleared_too_late(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    loss.backward()
    self.optimizer.zero_grad()
    self.update()
    return number


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_gradients_from_before",
    says="the gradients are cleared after the step, so the first step uses what lay there",
)
def cleared_after_the_step(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    loss.backward()
    self.update()
    self.optimizer.zero_grad()
    return number


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_uses_update",
    says="optimizer.step() is called in place of update(), which also clips and turns the rate",
)
def step_without_update(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    self.optimizer.step()
    return number


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_not_finite",
    says="the loss is looked at after the step, when the weights are ruined already",
)
def noted_too_late(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    self.update()
    return self.note(loss, outputs, targets)


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_written_down",
    says="the batch is not written down, so the epoch has no mean",
)
def not_noted(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    self.update()
    return loss.item()


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_number",
    says="the loss is given back as a tensor, with the graph behind it",
)
def loss_as_a_tensor(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.note(loss, outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    self.update()
    return loss


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_example",
    says="the loss is measured once more after the step: it is that of the new weights",
)
def loss_after_the_step(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.note(loss, outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    self.update()
    return self.loss_fn(self.model(inputs), targets).item()


@knockout(
    of="Trainer.train_step",
    killed_by="test_unit_trainer_train_step_outputs_first",
    says="loss_fn is handed the targets first, then the outputs",
)
def loss_of_swapped_arguments(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(targets, outputs)
    number = self.note(loss, outputs, targets)
    self.optimizer.zero_grad()
    loss.backward()
    self.update()
    return number


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_over_examples",
    says="the mean is over batches: a small last batch counts as much as a full one",
)
def mean_over_batches(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            means.add(self.measure(self.loss_fn(outputs, targets), outputs, targets), 1)
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_dropout_off",
    says="the model stays in training mode, so dropout acts while you measure",
)
def dropout_on(self, data):
    means = Means()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            means.add(self.measure(loss, outputs, targets), len(targets))
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_mode_put_back",
    says="the model is left in evaluation mode, and training goes on without dropout",
)
def mode_not_put_back(self, data):
    means = Means()
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            means.add(self.measure(loss, outputs, targets), len(targets))
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_mode_put_back",
    says="the model is always put into training mode, also where it was not",
)
def always_back_to_training(self, data):
    means = Means()
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            means.add(self.measure(loss, outputs, targets), len(targets))
    self.model.train()
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_records_nothing",
    says="evaluation records a graph that nobody walks",
)
def records_a_graph(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    for inputs, targets in data:
        outputs = self.model(inputs)
        loss = self.loss_fn(outputs, targets)
        means.add(self.measure(loss, outputs, targets), len(targets))
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_learns_nothing",
    says="evaluation takes training steps",
)
def trains_on_the_test(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    for inputs, targets in data:
        means.add({"loss": self.train_step(inputs, targets)}, len(targets))
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_is_not_training",
    says="what is measured goes into the means of training",
)
def noted_as_training(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            self.note(loss, outputs, targets)
            means.add(self.measure(loss, outputs, targets), len(targets))
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_over_examples",
    says="only the last batch is measured",
)
def last_batch_only(self, data):
    training = self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            found = self.measure(self.loss_fn(outputs, targets), outputs, targets)
    self.model.train(training)
    return found


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_outputs_first",
    says="loss_fn is handed the targets first, then the outputs",
)
def measured_with_swapped_arguments(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(targets, outputs)
            means.add(self.measure(loss, outputs, targets), len(targets))
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_outputs_first",
    says="measure is handed the targets before the outputs",
)
def measured_the_wrong_way_round(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            means.add(self.measure(loss, targets, outputs), len(targets))
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_mode_of_all_layers",
    says="only the model's own `training` is put back, not that of the layers in it",
)
def only_the_outermost_put_back(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            means.add(self.measure(loss, outputs, targets), len(targets))
    self.model.training = training
    return means.result()


@knockout(
    of="Trainer.evaluate",
    killed_by="test_unit_trainer_evaluate_over_examples",
    says="only the loss is measured, not the metrics",
)
def loss_only(self, data):
    means, training = Means(), self.model.training
    self.model.eval()
    with no_grad():
        for inputs, targets in data:
            outputs = self.model(inputs)
            loss = self.loss_fn(outputs, targets)
            means.add({"loss": loss.item()}, len(targets))
    self.model.train(training)
    return means.result()


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_large_batch",
    says="the gradients of a group are added up and never divided: the step is too long",
)
def added_without_dividing(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    if not self.waiting:
        self.optimizer.zero_grad()
    loss.backward()
    self.waiting.append(len(targets))
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_large_batch",
    says="every batch counts the same, whatever its size",
)
def batches_count_the_same(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    if not self.waiting:
        self.optimizer.zero_grad()
    n = len(self.waiting)
    self.scale_gradients(n / (n + 1))
    (loss * (1 / (n + 1))).backward()
    self.waiting.append(len(targets))
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_mean_of_what_waits",
    says="divided by `accumulate` from the start: wrong where a group stays incomplete",
)
def divided_by_accumulate(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    if not self.waiting:
        self.optimizer.zero_grad()
    (loss * (1 / self.accumulate)).backward()
    self.waiting.append(len(targets))
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_large_batch",
    says="the new loss is scaled, but not what waits already",
)
def old_ones_not_scaled(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_mean_of_what_waits",
    says="scaled after backward, so the new gradients shrink, too",
)
def scaled_after_backward(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    (loss * (count / (before + count))).backward()
    if before:
        self.scale_gradients(before / (before + count))
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_large_batch",
    says="the gradients are cleared at every batch, so only the last of the group counts",
)
def cleared_every_batch(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    self.optimizer.zero_grad()
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_next_group",
    says="the gradients of the last group are never cleared",
)
def group_never_cleared(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before:
        self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_example",
    says="every batch updates: nothing waits",
)
def updates_every_batch(self, inputs, targets):
    return self.train_step(inputs, targets)


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_example",
    says="one batch too many waits before the update",
)
def one_batch_too_many(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) > self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_written_down",
    says="the scaled loss is written down, not the loss",
)
def scaled_loss_noted(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    before, count = sum(self.waiting), len(targets)
    part = loss * (count / (before + count))
    self.note(part, outputs, targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    part.backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return loss.item()


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_not_finite",
    says="a loss that is no number is noticed only after backward",
)
def noticed_after_backward(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    number = self.note(loss, outputs, targets)
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_outputs_first",
    says="loss_fn is handed the targets first, then the outputs",
)
def group_with_swapped_arguments(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(targets, outputs)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_example",
    says="the scaled loss is given back, not the loss of the batch",
)
def gives_the_scaled_loss(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    part = loss * (count / (before + count))
    part.backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return part.item()


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_example",
    says="nothing is given back: the return is missing",
)
def group_without_a_return(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_number",
    says="the loss is given back as a tensor, with the graph behind it",
)
def loss_of_the_group_as_a_tensor(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return loss


@knockout(
    of="Trainer.accumulate_step",
    killed_by="test_unit_trainer_accumulate_step_clips_the_group",
    says="the gradients are clipped after each backward, not once for the group",
)
def clipped_batch_by_batch(self, inputs, targets):
    outputs = self.model(inputs)
    loss = self.loss_fn(outputs, targets)
    number = self.note(loss, outputs, targets)
    before, count = sum(self.waiting), len(targets)
    if before == 0:
        self.optimizer.zero_grad()
    self.scale_gradients(before / (before + count))
    (loss * (count / (before + count))).backward()
    if self.max_norm is not None:
        clip_grad_norm_(self.model.parameters(), self.max_norm)
    self.waiting.append(count)
    if len(self.waiting) >= self.accumulate:
        self.update()
    return number


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_training_mode",
    says="the model is not put into training mode",
)
def mode_as_it_was(self, data):
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_goes_on",
    says="the loop goes over the data itself, so a stopped epoch begins anew",
)
def over_the_data_itself(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in data:
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_callbacks",
    says="callbacks are called before the batch is counted",
)
def counted_too_late(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.notify("on_batch_end")
        self.batch += 1
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_stop",
    says="`stop` is not looked at between batches",
)
def stop_not_looked_at(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_stop",
    says="a stopped epoch is closed as if it were whole",
)
def stopped_epoch_closed(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            break
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_accumulates",
    says="`accumulate` is ignored: every batch goes through train_step",
)
def accumulate_ignored(self, data):
    self.model.train()
    for inputs, targets in self.remaining(data):
        self.train_step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_rate",
    says="the scheduler is stepped after every batch, also one that counts epochs",
)
def scheduler_every_batch(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        if self.scheduler is not None:
            self.scheduler.step()
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_rate",
    says="the epoch is never closed: no history, and the scheduler is never stepped",
)
def never_closed(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            break
    means = self.totals.result()
    self.epoch, self.batch, self.totals = self.epoch + 1, 0, Means()
    return means


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_over_examples",
    says="the mean is over batches, not over examples",
)
def mean_of_the_batches(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    losses = []
    for inputs, targets in self.remaining(data):
        losses.append(step(inputs, targets))
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return {"loss": sum(losses) / len(losses)}
    self.finish_epoch()
    return {"loss": sum(losses) / len(losses)}


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_example",
    says="the batches are not counted: self.batch stays 0",
)
def never_counted(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.notify("on_batch_end")
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_example",
    says="the means are asked for after finish_epoch() has emptied them",
)
def means_after_closing(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return self.totals.result()
    self.finish_epoch()
    return self.totals.result()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_callbacks",
    says="callbacks are told of an event under another name",
)
def another_event(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("batch_end")
        if self.stop:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_callbacks",
    says="callbacks are notified only where `stop` is set",
)
def told_of_a_stop_only(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        if self.stop:
            self.notify("on_batch_end")
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_stop_while_gradients_wait",
    says="at a stop what waits is stepped with, as at the end of an epoch",
)
def step_with_half_a_group(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            if self.waiting:
                self.update()
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_stop_draws_no_more",
    says="`stop` is looked at when the next batch is drawn already",
)
def stop_seen_too_late(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        if self.stop:
            return self.totals.result()
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
    if self.stop:
        return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_stop_at_the_last",
    says="a stop at the last batch closes the epoch",
)
def last_stop_closes(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop and self.batch != self.batches:
            return self.totals.result()
    return self.finish_epoch()


@knockout(
    of="Trainer.train_epoch",
    killed_by="test_unit_trainer_train_epoch_stop",
    says="at a stop only the mean loss is given, not the metrics",
)
def only_the_loss_so_far(self, data):
    self.model.train()
    step = self.train_step if self.accumulate == 1 else self.accumulate_step
    for inputs, targets in self.remaining(data):
        step(inputs, targets)
        self.batch += 1
        self.notify("on_batch_end")
        if self.stop:
            return {"loss": self.totals.result()["loss"]}
    return self.finish_epoch()


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_counts_from_the_start",
    says="each call trains `epochs` more, however many are done",
)
def so_many_more(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    for _ in range(epochs):
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
        if self.stop:
            break
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_validation",
    says="the validation is measured on the training data",
)
def validated_on_the_training_data(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(data)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_validation",
    says='what is validated overwrites what was measured in training: "val_" is missing',
)
def names_without_val(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            self.history[-1] |= self.evaluate(validation)
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_callbacks",
    says="callbacks hear of the end of an epoch before it is validated",
)
def told_before_validated(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        self.notify("on_epoch_end")
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop",
    says="`stop` is not looked at between epochs",
)
def epochs_not_stopped(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop_within",
    says="an epoch that was stopped in the middle is validated and counted as ended",
)
def open_epoch_ended(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if validation is not None and self.history:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        if self.history:
            self.notify("on_epoch_end")
        else:
            self.notify("on_epoch_start")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop_within",
    says="`stop` is still set from the last time, so nothing goes on",
)
def stop_still_set(self, data, epochs, validation=None):
    self.epochs = epochs
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop",
    says="a stop leaves at once, and on_fit_end is never heard",
)
def left_without_an_end(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs:
        self.train_epoch(data)
        if self.batch:
            return self.history
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
        if self.stop:
            return self.history
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_example",
    says="the history is lost: only the last epoch's entry comes back",
)
def only_the_last_entry(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.history = []
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop",
    says="`stop` is set to False after on_fit_start, which may have set it",
)
def stop_of_the_start_forgotten(self, data, epochs, validation=None):
    self.epochs = epochs
    self.notify("on_fit_start")
    self.stop = False
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_counts_from_the_start",
    says="only the entries of this call are given, not all of the history",
)
def only_the_new_entries(self, data, epochs, validation=None):
    self.epochs, self.stop, old = epochs, False, len(self.history)
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history[old:]


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_counts_from_the_start",
    says="where no epoch is left to do, callbacks hear nothing",
)
def nothing_left_to_say(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    if self.epoch >= epochs:
        return self.history
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if self.batch:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop_within",
    says="an epoch that was left open is validated like a whole one",
)
def validated_though_open(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="Trainer.fit",
    killed_by="test_unit_trainer_fit_stop_within_the_second",
    says="an open epoch is known by an empty history: true in the first epoch only",
)
def open_where_there_is_no_history(self, data, epochs, validation=None):
    self.epochs, self.stop = epochs, False
    self.notify("on_fit_start")
    while self.epoch < epochs and not self.stop:
        self.train_epoch(data)
        if not self.history:
            break
        if validation is not None:
            measured = self.evaluate(validation)
            self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
        self.notify("on_epoch_end")
    self.notify("on_fit_end")
    return self.history


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_example",
    says="the norm is computed, but nothing is shortened",
)
def does_nothing(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    return Tensor(np.linalg.norm(norms, norm_type) if norms else np.float32(0))


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_all_together",
    says="each parameter is clipped by itself, so the direction changes",
)
def each_by_itself(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    for g, norm in zip(gradients, norms, strict=True):
        g *= min(float(max_norm / (norm + 1e-6)), 1.0)
    return Tensor(np.linalg.norm(norms, norm_type) if norms else np.float32(0))


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_small_ones_stay",
    says="gradients that are short enough are made longer",
)
def small_ones_grow(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    for g in gradients:
        g *= float(max_norm / (norm + 1e-6))
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_all_together",
    says="the norms are added up, not their squares",
)
def norms_added(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norm = np.float32(sum(np.linalg.norm(g.data.ravel(), norm_type) for g in gradients))
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_example",
    says="every element is cut to max_norm, so the direction changes",
)
def elements_cut(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    for g in gradients:
        g.copy_(np.clip(g.data, -max_norm, max_norm))
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_example",
    says="the norm after clipping is given back, not the one before",
)
def norm_after(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm * np.float32(factor))


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_in_place",
    says="new gradients are put in the place of the old ones",
)
def not_in_place(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad = parameter.grad * factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_largest_element",
    says="norm_type is ignored: it is always the length",
)
def always_the_length(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel()) for g in gradients]
    norm = np.linalg.norm(norms) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_without_gradients",
    says="a parameter without a gradient is not passed over",
)
def none_not_passed_over(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    gradients = [p.grad for p in parameters]
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_not_finite",
    says="error_if_nonfinite is looked at after the gradients were changed, or never",
)
def never_refused(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_of_a_matrix",
    says="a matrix is not made flat, and has another norm",
)
def not_flattened(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data, norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_generator",
    says="the parameters are walked through twice, and a generator is empty the second time",
)
def walked_twice(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in _gradients_of(parameters)]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in _gradients_of(parameters):
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_not_finite",
    says="only nan is refused, not inf",
)
def only_nan_refused(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and np.isnan(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_not_finite",
    says="error_if_nonfinite is looked at after the gradients were changed",
)
def refused_too_late(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    factor = min(1.0, float(max_norm / (norm + 1e-6)))
    for g in gradients:
        g *= factor
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_sum_of_sizes",
    says="every norm_type but inf is taken for 2",
)
def length_or_largest(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    norm_type = norm_type if norm_type == np.inf else 2
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0)
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="clip_grad_norm_",
    killed_by="test_unit_clip_grad_norm_not_refused",
    says="where the norm is inf or nan, nothing is clipped",
)
def infinite_ones_skipped(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    gradients = _gradients_of(parameters)
    norms = [np.linalg.norm(g.data.ravel(), norm_type) for g in gradients]
    norm = np.linalg.norm(norms, norm_type) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(float(max_norm / (norm + 1e-6)), 1.0) if np.isfinite(norm) else 1.0
    for g in gradients:
        g *= factor
    return Tensor(norm)


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_example",
    says="the rate falls one step too early",
)
def one_step_early(self):
    factor = self.gamma ** ((self.last_epoch + 1) // self.step_size)
    return [base * factor for base in self.base_lrs]


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_example",
    says="the rate falls one step too late",
)
def one_step_late(self):
    factor = self.gamma ** (max(self.last_epoch - 1, 0) // self.step_size)
    return [base * factor for base in self.base_lrs]


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_example",
    says="divided with /, so the rate falls a little at every step",
)
def falls_at_every_step(self):
    factor = self.gamma ** (self.last_epoch / self.step_size)
    return [base * factor for base in self.base_lrs]


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_from_the_first_rate",
    says="the rate in force is multiplied, so asking twice counts twice",
)
def from_the_rate_in_force(self):
    rates = [group["lr"] for group in self.optimizer.param_groups]
    if self.last_epoch and self.last_epoch % self.step_size == 0:
        rates = [rate * self.gamma for rate in rates]
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
    return rates


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_groups",
    says="all groups get the rate of the first one",
)
def rate_of_the_first_group(self):
    factor = self.gamma ** (self.last_epoch // self.step_size)
    return [self.base_lrs[0] * factor for _ in self.base_lrs]


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_example",
    says="gamma is multiplied by the number of falls, not raised to it",
)
def gamma_times(self):
    falls = self.last_epoch // self.step_size
    return [base * (self.gamma * falls if falls else 1) for base in self.base_lrs]


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_example",
    says="one rate is given, not a list of one for each group",
)
def one_rate(self):
    return self.base_lrs[0] * self.gamma ** (self.last_epoch // self.step_size)


@knockout(
    of="StepLR.get_lr",
    killed_by="test_unit_steplr_get_lr_groups",
    says="only the first group gets a rate",
)
def list_of_the_first_group(self):
    return [self.base_lrs[0] * self.gamma ** (self.last_epoch // self.step_size)]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_example",
    says="the half wave is one step too long: T_max + 1",
)
def one_step_too_long(self):
    share = (1 + math.cos(math.pi * self.last_epoch / (self.T_max + 1))) / 2
    return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_example",
    says="the count is one too large, so the first rate is not the first",
)
def count_one_too_large(self):
    share = (1 + math.cos(math.pi * (self.last_epoch + 1) / self.T_max)) / 2
    return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_as_pytorch",
    says="eta_min is ignored: the rate goes down to 0",
)
def down_to_nothing(self):
    share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
    return [base * share for base in self.base_lrs]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_as_pytorch",
    says="eta_min is added to the whole rate, so it begins too high",
)
def begins_too_high(self):
    share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
    return [self.eta_min + base * share for base in self.base_lrs]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_example",
    says="the cosine goes from 1 to -1, and half of the rates are negative",
)
def below_zero(self):
    share = math.cos(math.pi * self.last_epoch / self.T_max)
    return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_as_pytorch",
    says="after T_max steps the rate stays; a cosine rises again",
)
def stays_at_the_bottom(self):
    share = (1 + math.cos(math.pi * min(self.last_epoch / self.T_max, 1.0))) / 2
    return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


@knockout(
    of="CosineAnnealingLR.get_lr",
    killed_by="test_unit_cosineannealinglr_get_lr_as_pytorch",
    says="a straight line, not a cosine",
)
def a_straight_line(self):
    share = 1 - self.last_epoch / self.T_max
    return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_is_a_copy",
    says="the state shares its arrays with the run, and changes with it",
)
def shared_with_the_run(self):
    return {
        "model": self.model.state_dict(),
        "optimizer": self.optimizer.state_dict(),
        "scheduler": self.scheduler.state_dict() if self.scheduler is not None else None,
        "random": get_rng_state(),
        "position": self.position(),
    }


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_is_a_copy",
    says="the dictionary is copied, but what is in it is shared",
)
def shallow_copy(self):
    state = {
        "model": self.model.state_dict(),
        "optimizer": self.optimizer.state_dict(),
        "scheduler": self.scheduler.state_dict() if self.scheduler is not None else None,
        "random": get_rng_state(),
        "position": self.position(),
    }
    return copy.copy(state)


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_what_it_holds",
    says="the optimizer's settings are kept, but not what it remembers",
)
def optimizer_forgotten(self):
    state = {
        "model": self.model.state_dict(),
        "optimizer": {"state": {}, "param_groups": self.optimizer.state_dict()["param_groups"]},
        "scheduler": self.scheduler.state_dict() if self.scheduler is not None else None,
        "random": get_rng_state(),
        "position": self.position(),
    }
    return copy.deepcopy(state)


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_example",
    says="a trainer without a scheduler is not provided for",
)
def scheduler_always_asked(self):
    state = {
        "model": self.model.state_dict(),
        "optimizer": self.optimizer.state_dict(),
        "scheduler": self.scheduler.state_dict(),
        "random": get_rng_state(),
        "position": self.position(),
    }
    return copy.deepcopy(state)


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_example",
    says="the scheduler is missing from the state",
)
def scheduler_left_out(self):
    state = {
        "model": self.model.state_dict(),
        "optimizer": self.optimizer.state_dict(),
        "random": get_rng_state(),
        "position": self.position(),
    }
    return copy.deepcopy(state)


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_example",
    says="the random numbers are missing from the state",
)
def random_left_out(self):
    state = {
        "model": self.model.state_dict(),
        "optimizer": self.optimizer.state_dict(),
        "scheduler": self.scheduler.state_dict() if self.scheduler is not None else None,
        "position": self.position(),
    }
    return copy.deepcopy(state)


@knockout(
    of="Trainer.state_dict",
    killed_by="test_unit_trainer_state_dict_example",
    says="the position is missing: which batch comes next, and what was measured so far",
)
def position_left_out(self):
    state = {
        "model": self.model.state_dict(),
        "optimizer": self.optimizer.state_dict(),
        "scheduler": self.scheduler.state_dict() if self.scheduler is not None else None,
        "random": get_rng_state(),
    }
    return copy.deepcopy(state)


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_takes_a_copy",
    says="the loaded state is shared with the trainer, and training changes it",
)
def loaded_without_a_copy(self, state_dict):
    self.model.load_state_dict(state_dict["model"])
    self.optimizer.load_state_dict(state_dict["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state_dict["scheduler"])
    set_rng_state(state_dict["random"])
    self.go_to(state_dict["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_optimizer",
    says="the optimizer begins with empty means",
)
def optimizer_not_loaded(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_random_numbers",
    says="the random numbers are not set, so dropout switches off other units",
)
def random_not_loaded(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_scheduler",
    says="the scheduler counts from the beginning again",
)
def scheduler_not_loaded(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    set_rng_state(state["random"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_position",
    says="the position is not loaded: the run begins with the first batch, without its history",
)
def position_not_loaded(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_while_gradients_wait",
    says="epoch, batch and history are loaded, but not the gradients that wait",
)
def waiting_gradients_lost(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to({**state["position"], "gradients": {}, "waiting": []})


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_example",
    says="everything is loaded but the weights",
)
def weights_not_loaded(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_other_model",
    says="weights that do not fit are passed over in silence: strict=False",
)
def whatever_fits(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"], strict=False)
    if len(state["optimizer"]["param_groups"][0]["params"]) == len(self.optimizer.parameters()):
        self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_other_model",
    says="the optimizer is loaded before the model, and complains first",
)
def optimizer_before_model(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.optimizer.load_state_dict(state["optimizer"])
    self.model.load_state_dict(state["model"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_other_model",
    says="the random numbers are set before the model can refuse",
)
def random_before_model(self, state_dict):
    state = copy.deepcopy(state_dict)
    set_rng_state(state["random"])
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_other_model",
    says="the position is set before the model can refuse",
)
def position_before_model(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.go_to(state["position"])
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    if self.scheduler is not None:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_example",
    says="a trainer without a scheduler is not provided for",
)
def scheduler_never_missing(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to(state["position"])


@knockout(
    of="Trainer.load_state_dict",
    killed_by="test_unit_trainer_load_state_dict_without_the_scheduler",
    says="it asks whether the state has a scheduler, not whether the trainer has one",
)
def asks_the_state_for_a_scheduler(self, state_dict):
    state = copy.deepcopy(state_dict)
    self.model.load_state_dict(state["model"])
    self.optimizer.load_state_dict(state["optimizer"])
    if state["scheduler"]:
        self.scheduler.load_state_dict(state["scheduler"])
    set_rng_state(state["random"])
    self.go_to(state["position"])
