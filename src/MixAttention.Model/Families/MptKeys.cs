namespace MixAttention.Model.Families;

/// <summary>Names the keys of an mpt configuration that do not change what a trained model computes.</summary>
internal static class MptKeys
{
    /// <summary>Gets keys of training, of loading and of text generation.</summary>
    internal static IReadOnlySet<string> Harmless { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        // training and initialization
        "init_config", "init_device", "fc_type", "emb_pdrop", "resid_pdrop", "embedding_fraction", "use_pad_tok_in_ffn", "loss_fn", "verbose", "activation_checkpointing",
        "gradient_checkpointing", "use_cache", "use_bfloat16", "tp_plan", "pruned_heads", "chunk_size_feed_forward",

        // what the file says about itself
        "name", "model_type", "architectures", "auto_map", "_name_or_path", "name_or_path", "transformers_version", "_commit_hash", "_attn_implementation_autoset",
        "torch_dtype", "dtype", "torchscript", "tokenizer_class", "tokenizer_name", "task_specific_params", "finetuning_task", "problem_type", "id2label", "label2id", "num_labels",
        "is_decoder", "is_encoder_decoder", "add_cross_attention", "cross_attention_hidden_size", "tie_encoder_decoder", "output_attentions", "output_hidden_states",
        "output_scores", "return_dict", "return_dict_in_generate", "remove_invalid_values", "tf_legacy_loss", "quantization_config",

        // text generation: the request decides
        "bos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id", "prefix", "max_length", "min_length", "do_sample",
        "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty",
        "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "exponential_decay_length_penalty", "suppress_tokens",
        "begin_suppress_tokens",
    };
}
