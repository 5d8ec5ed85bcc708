"""The bibliography: every work that a row cites, under the short name that its source uses."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["WORKS", "Work"]


class Work(NamedTuple):
    """A book, a paper or a page: its full reference, and where it can be read or had.

    `whole` is true of a paper on this one thing, which may be cited without a place.

    Examples
    --------
    >>> WORKS["He et al. 2015"].url
    'https://arxiv.org/abs/1502.01852'
    """

    reference: str
    url: str
    whole: bool = False


# fmt: off
WORKS: dict[str, Work] = {
    "Asadi and Littman 2017": Work(
        "Asadi, K. and Littman, M. L. (2017). An alternative softmax operator for reinforcement learning. Proceedings "
        "of the 34th International Conference on Machine Learning, PMLR 70, 243–252.",
        "https://arxiv.org/abs/1612.05628", whole=True),
    "Ba, Kiros and Hinton 2016": Work(
        "Ba, J. L., Kiros, J. R. and Hinton, G. E. (2016). Layer normalization. arXiv:1607.06450.",
        "https://arxiv.org/abs/1607.06450"),
    "Bahdanau, Cho and Bengio 2015": Work(
        "Bahdanau, D., Cho, K. and Bengio, Y. (2015). Neural machine translation by jointly learning to align and "
        "translate. International Conference on Learning Representations.",
        "https://arxiv.org/abs/1409.0473"),
    "Bansal, Chen and Wang 2018": Work(
        "Bansal, N., Chen, X. and Wang, Z. (2018). Can we gain more from orthogonality regularizations in training "
        "deep networks? Advances in Neural Information Processing Systems 31.",
        "https://arxiv.org/abs/1810.09102", whole=True),
    "Barron 2017": Work(
        "Barron, J. T. (2017). Continuously differentiable exponential linear units. arXiv:1704.07483.",
        "https://arxiv.org/abs/1704.07483", whole=True),
    "Barron 2019": Work(
        "Barron, J. T. (2019). A general and adaptive robust loss function. Proceedings of the IEEE/CVF Conference on "
        "Computer Vision and Pattern Recognition, 4331–4339.",
        "https://arxiv.org/abs/1701.03077"),
    "Bengio et al. 2003": Work(
        "Bengio, Y., Ducharme, R., Vincent, P. and Jauvin, C. (2003). A neural probabilistic language model. Journal "
        "of Machine Learning Research 3, 1137–1155.",
        "https://www.jmlr.org/papers/v3/bengio03a.html"),
    "Bishop 2006": Work(
        "Bishop, C. M. (2006). Pattern Recognition and Machine Learning. Springer.",
        "https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/"),
    "Blanchard, Higham and Higham 2021": Work(
        "Blanchard, P., Higham, D. J. and Higham, N. J. (2021). Accurately computing the log-sum-exp and softmax "
        "functions. IMA Journal of Numerical Analysis 41 (4), 2311–2330.",
        "https://doi.org/10.1093/imanum/draa038"),
    "Boyd and Vandenberghe 2004": Work(
        "Boyd, S. and Vandenberghe, L. (2004). Convex Optimization. Cambridge University Press.",
        "https://web.stanford.edu/~boyd/cvxbook/"),
    "Bradley and Terry 1952": Work(
        "Bradley, R. A. and Terry, M. E. (1952). Rank analysis of incomplete block designs: I. The method of paired "
        "comparisons. Biometrika 39 (3/4), 324–345.",
        "https://doi.org/10.2307/2334029", whole=True),
    "Bridle 1990": Work(
        "Bridle, J. S. (1990). Probabilistic interpretation of feedforward classification network outputs, with "
        "relationships to statistical pattern recognition. In Fogelman Soulié, F. and Hérault, J. (eds), "
        "Neurocomputing: Algorithms, Architectures and Applications, 227–236. Springer.",
        "https://doi.org/10.1007/978-3-642-76153-9_28", whole=True),
    "Burges et al. 2005": Work(
        "Burges, C., Shaked, T., Renshaw, E., Lazier, A., Deeds, M., Hamilton, N. and Hullender, G. (2005). Learning "
        "to rank using gradient descent. Proceedings of the 22nd International Conference on Machine Learning, 89–96.",
        "https://doi.org/10.1145/1102351.1102363"),
    "Charbonnier et al. 1994": Work(
        "Charbonnier, P., Blanc-Féraud, L., Aubert, G. and Barlaud, M. (1994). Two deterministic half-quadratic "
        "regularization algorithms for computed imaging. Proceedings of the IEEE International Conference on Image "
        "Processing, volume 2, 168–172.",
        "https://doi.org/10.1109/ICIP.1994.413553", whole=True),
    "Cho et al. 2014": Work(
        "Cho, K., van Merriënboer, B., Gulcehre, C., Bahdanau, D., Bougares, F., Schwenk, H. and Bengio, Y. (2014). "
        "Learning phrase representations using RNN encoder–decoder for statistical machine translation. Proceedings "
        "of the 2014 Conference on Empirical Methods in Natural Language Processing, 1724–1734.",
        "https://arxiv.org/abs/1406.1078"),
    "Chowdhery et al. 2022": Work(
        "Chowdhery, A. et al. (2022). PaLM: Scaling language modeling with pathways. arXiv:2204.02311.",
        "https://arxiv.org/abs/2204.02311"),
    "Clevert, Unterthiner and Hochreiter 2016": Work(
        "Clevert, D.-A., Unterthiner, T. and Hochreiter, S. (2016). Fast and accurate deep network learning by "
        "exponential linear units (ELUs). International Conference on Learning Representations.",
        "https://arxiv.org/abs/1511.07289"),
    "Cortes and Vapnik 1995": Work(
        "Cortes, C. and Vapnik, V. (1995). Support-vector networks. Machine Learning 20 (3), 273–297.",
        "https://doi.org/10.1007/BF00994018"),
    "Cover and Thomas 2006": Work(
        "Cover, T. M. and Thomas, J. A. (2006). Elements of Information Theory, 2nd edition. Wiley.",
        "https://doi.org/10.1002/047174882X"),
    "Dao 2023": Work(
        "Dao, T. (2023). FlashAttention-2: Faster attention with better parallelism and work partitioning. "
        "arXiv:2307.08691.",
        "https://arxiv.org/abs/2307.08691"),
    "Dao et al. 2022": Work(
        "Dao, T., Fu, D. Y., Ermon, S., Rudra, A. and Ré, C. (2022). FlashAttention: Fast and memory-efficient exact "
        "attention with IO-awareness. Advances in Neural Information Processing Systems 35.",
        "https://arxiv.org/abs/2205.14135"),
    "Dauphin et al. 2017": Work(
        "Dauphin, Y. N., Fan, A., Auli, M. and Grangier, D. (2017). Language modeling with gated convolutional "
        "networks. Proceedings of the 34th International Conference on Machine Learning, PMLR 70, 933–941.",
        "https://arxiv.org/abs/1612.08083"),
    "Dokmanić et al. 2015": Work(
        "Dokmanić, I., Parhizkar, R., Ranieri, J. and Vetterli, M. (2015). Euclidean distance matrices: Essential "
        "theory, algorithms, and applications. IEEE Signal Processing Magazine 32 (6), 12–30.",
        "https://doi.org/10.1109/MSP.2015.2398954"),
    "Donoho 1995": Work(
        "Donoho, D. L. (1995). De-noising by soft-thresholding. IEEE Transactions on Information Theory 41 (3), "
        "613–627.",
        "https://doi.org/10.1109/18.382009", whole=True),
    "Elfwing, Uchibe and Doya 2018": Work(
        "Elfwing, S., Uchibe, E. and Doya, K. (2018). Sigmoid-weighted linear units for neural network function "
        "approximation in reinforcement learning. Neural Networks 107, 3–11.",
        "https://arxiv.org/abs/1702.03118", whole=True),
    "Elman 1990": Work(
        "Elman, J. L. (1990). Finding structure in time. Cognitive Science 14 (2), 179–211.",
        "https://doi.org/10.1207/s15516709cog1402_1", whole=True),
    "Fan et al. 2008": Work(
        "Fan, R.-E., Chang, K.-W., Hsieh, C.-J., Wang, X.-R. and Lin, C.-J. (2008). LIBLINEAR: A library for large "
        "linear classification. Journal of Machine Learning Research 9, 1871–1874.",
        "https://www.jmlr.org/papers/v9/fan08a.html"),
    "Gao and Pavel 2017": Work(
        "Gao, B. and Pavel, L. (2017). On the properties of the softmax function with application in game theory and "
        "reinforcement learning. arXiv:1704.00805.",
        "https://arxiv.org/abs/1704.00805", whole=True),
    "Gemma Team 2024": Work(
        "Gemma Team (2024). Gemma 2: Improving open language models at a practical size. arXiv:2408.00118.",
        "https://arxiv.org/abs/2408.00118"),
    "Gers, Schmidhuber and Cummins 2000": Work(
        "Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to forget: continual prediction with LSTM. "
        "Neural Computation 12 (10), 2451–2471.",
        "https://doi.org/10.1162/089976600300015015"),
    "Giles 2008": Work(
        "Giles, M. B. (2008). An extended collection of matrix derivative results for forward and reverse mode "
        "algorithmic differentiation. Report NA-08/01, Oxford University Computing Laboratory.",
        "https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf"),
    "Glorot and Bengio 2010": Work(
        "Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural networks. "
        "Proceedings of the 13th International Conference on Artificial Intelligence and Statistics, PMLR 9, 249–256.",
        "https://proceedings.mlr.press/v9/glorot10a.html"),
    "Golub and Van Loan 2013": Work(
        "Golub, G. H. and Van Loan, C. F. (2013). Matrix Computations, 4th edition. Johns Hopkins University Press.",
        "https://doi.org/10.56021/9781421407944"),
    "Goodfellow, Bengio and Courville 2016": Work(
        "Goodfellow, I., Bengio, Y. and Courville, A. (2016). Deep Learning. MIT Press.",
        "https://www.deeplearningbook.org/"),
    "Guo et al. 2017": Work(
        "Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of modern neural networks. "
        "Proceedings of the 34th International Conference on Machine Learning, PMLR 70, 1321–1330.",
        "https://arxiv.org/abs/1706.04599"),
    "Hadsell, Chopra and LeCun 2006": Work(
        "Hadsell, R., Chopra, S. and LeCun, Y. (2006). Dimensionality reduction by learning an invariant mapping. "
        "IEEE Conference on Computer Vision and Pattern Recognition, volume 2, 1735–1742.",
        "https://doi.org/10.1109/CVPR.2006.100"),
    "Hastie, Tibshirani and Friedman 2009": Work(
        "Hastie, T., Tibshirani, R. and Friedman, J. (2009). The Elements of Statistical Learning, 2nd edition. "
        "Springer.",
        "https://hastie.su.domains/ElemStatLearn/"),
    "He et al. 2015": Work(
        "He, K., Zhang, X., Ren, S. and Sun, J. (2015). Delving deep into rectifiers: Surpassing human-level "
        "performance on ImageNet classification. IEEE International Conference on Computer Vision, 1026–1034.",
        "https://arxiv.org/abs/1502.01852"),
    "He et al. 2016": Work(
        "He, K., Zhang, X., Ren, S. and Sun, J. (2016). Identity mappings in deep residual networks. European "
        "Conference on Computer Vision, 630–645.",
        "https://arxiv.org/abs/1603.05027"),
    "He et al. 2020": Work(
        "He, K., Fan, H., Wu, Y., Xie, S. and Girshick, R. (2020). Momentum contrast for unsupervised visual "
        "representation learning. IEEE/CVF Conference on Computer Vision and Pattern Recognition, 9729–9738.",
        "https://arxiv.org/abs/1911.05722"),
    "Hendrycks and Gimpel 2016": Work(
        "Hendrycks, D. and Gimpel, K. (2016). Gaussian error linear units (GELUs). arXiv:1606.08415.",
        "https://arxiv.org/abs/1606.08415"),
    "Hinton, Vinyals and Dean 2015": Work(
        "Hinton, G., Vinyals, O. and Dean, J. (2015). Distilling the knowledge in a neural network. arXiv:1503.02531.",
        "https://arxiv.org/abs/1503.02531"),
    "Ho, Jain and Abbeel 2020": Work(
        "Ho, J., Jain, A. and Abbeel, P. (2020). Denoising diffusion probabilistic models. Advances in Neural "
        "Information Processing Systems 33, 6840–6851.",
        "https://arxiv.org/abs/2006.11239"),
    "Hochreiter and Schmidhuber 1997": Work(
        "Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9 (8), 1735–1780.",
        "https://doi.org/10.1162/neco.1997.9.8.1735", whole=True),
    "Hoerl and Kennard 1970": Work(
        "Hoerl, A. E. and Kennard, R. W. (1970). Ridge regression: Biased estimation for nonorthogonal problems. "
        "Technometrics 12 (1), 55–67.",
        "https://doi.org/10.1080/00401706.1970.10488634", whole=True),
    "Howard et al. 2019": Work(
        "Howard, A., Sandler, M., Chu, G., Chen, L.-C., Chen, B., Tan, M., Wang, W., Zhu, Y., Pang, R., Vasudevan, "
        "V., Le, Q. V. and Adam, H. (2019). Searching for MobileNetV3. IEEE/CVF International Conference on Computer "
        "Vision, 1314–1324.",
        "https://arxiv.org/abs/1905.02244"),
    "Hu et al. 2021": Work(
        "Hu, E. J., Shen, Y., Wallis, P., Allen-Zhu, Z., Li, Y., Wang, S., Wang, L. and Chen, W. (2021). LoRA: "
        "Low-rank adaptation of large language models. arXiv:2106.09685.",
        "https://arxiv.org/abs/2106.09685"),
    "Hu, Shen and Sun 2018": Work(
        "Hu, J., Shen, L. and Sun, G. (2018). Squeeze-and-excitation networks. IEEE/CVF Conference on Computer Vision "
        "and Pattern Recognition, 7132–7141.",
        "https://arxiv.org/abs/1709.01507"),
    "Huber 1964": Work(
        "Huber, P. J. (1964). Robust estimation of a location parameter. Annals of Mathematical Statistics 35 (1), "
        "73–101.",
        "https://doi.org/10.1214/aoms/1177703732", whole=True),
    "Hyndman and Athanasopoulos 2021": Work(
        "Hyndman, R. J. and Athanasopoulos, G. (2021). Forecasting: Principles and Practice, 3rd edition. OTexts.",
        "https://otexts.com/fpp3/"),
    "Hyvärinen 2005": Work(
        "Hyvärinen, A. (2005). Estimation of non-normalized statistical models by score matching. Journal of Machine "
        "Learning Research 6, 695–709.",
        "https://www.jmlr.org/papers/v6/hyvarinen05a.html"),
    "Ioffe and Szegedy 2015": Work(
        "Ioffe, S. and Szegedy, C. (2015). Batch normalization: Accelerating deep network training by reducing "
        "internal covariate shift. Proceedings of the 32nd International Conference on Machine Learning, PMLR 37, "
        "448–456.",
        "https://arxiv.org/abs/1502.03167"),
    "Jacobs et al. 1991": Work(
        "Jacobs, R. A., Jordan, M. I., Nowlan, S. J. and Hinton, G. E. (1991). Adaptive mixtures of local experts. "
        "Neural Computation 3 (1), 79–87.",
        "https://doi.org/10.1162/neco.1991.3.1.79", whole=True),
    "Johnson, Kemp and Kotz 2005": Work(
        "Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, 3rd edition. Wiley.",
        "https://doi.org/10.1002/0471715816"),
    "Johnson, Kotz and Balakrishnan 1994": Work(
        "Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, volume 1, 2nd "
        "edition. Wiley.",
        "https://www.wiley.com/en-us/9780471584957"),
    "Johnson, Kotz and Balakrishnan 1995": Work(
        "Johnson, N. L., Kotz, S. and Balakrishnan, N. (1995). Continuous Univariate Distributions, volume 2, 2nd "
        "edition. Wiley.",
        "https://www.wiley.com/en-us/9780471584940"),
    "Karpathy 2015": Work(
        "Karpathy, A. (2015). Linear classification. Course notes of CS231n: Convolutional neural networks for visual "
        "recognition, Stanford University.",
        "https://cs231n.github.io/linear-classify/"),
    "Katharopoulos et al. 2020": Work(
        "Katharopoulos, A., Vyas, A., Pappas, N. and Fleuret, F. (2020). Transformers are RNNs: Fast autoregressive "
        "transformers with linear attention. Proceedings of the 37th International Conference on Machine Learning, "
        "PMLR 119, 5156–5165.",
        "https://arxiv.org/abs/2006.16236"),
    "Kendall and Gal 2017": Work(
        "Kendall, A. and Gal, Y. (2017). What uncertainties do we need in Bayesian deep learning for computer vision? "
        "Advances in Neural Information Processing Systems 30, 5574–5584.",
        "https://arxiv.org/abs/1703.04977"),
    "Kingma and Ba 2015": Work(
        "Kingma, D. P. and Ba, J. (2015). Adam: A method for stochastic optimization. International Conference on "
        "Learning Representations.",
        "https://arxiv.org/abs/1412.6980"),
    "Kingma and Welling 2014": Work(
        "Kingma, D. P. and Welling, M. (2014). Auto-encoding variational Bayes. International Conference on Learning "
        "Representations.",
        "https://arxiv.org/abs/1312.6114"),
    "Klambauer et al. 2017": Work(
        "Klambauer, G., Unterthiner, T., Mayr, A. and Hochreiter, S. (2017). Self-normalizing neural networks. "
        "Advances in Neural Information Processing Systems 30, 971–980.",
        "https://arxiv.org/abs/1706.02515"),
    "Koenker and Bassett 1978": Work(
        "Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica 46 (1), 33–50.",
        "https://doi.org/10.2307/1913643", whole=True),
    "Koren, Bell and Volinsky 2009": Work(
        "Koren, Y., Bell, R. and Volinsky, C. (2009). Matrix factorization techniques for recommender systems. "
        "Computer 42 (8), 30–37.",
        "https://doi.org/10.1109/MC.2009.263"),
    "LeCun et al. 1998": Work(
        "LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86 (11), 2278–2324.",
        "https://doi.org/10.1109/5.726791"),
    "Lin 1991": Work(
        "Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Transactions on Information Theory 37 "
        "(1), 145–151.",
        "https://doi.org/10.1109/18.61115", whole=True),
    "Lin et al. 2017": Work(
        "Lin, T.-Y., Goyal, P., Girshick, R., He, K. and Dollár, P. (2017). Focal loss for dense object detection. "
        "IEEE International Conference on Computer Vision, 2980–2988.",
        "https://arxiv.org/abs/1708.02002"),
    "Lin, Chen and Yan 2014": Work(
        "Lin, M., Chen, Q. and Yan, S. (2014). Network in network. International Conference on Learning "
        "Representations.",
        "https://arxiv.org/abs/1312.4400"),
    "Luo et al. 2018": Work(
        "Luo, C., Zhan, J., Xue, X., Wang, L., Ren, R. and Yang, Q. (2018). Cosine normalization: Using cosine "
        "similarity instead of dot product in neural networks. International Conference on Artificial Neural "
        "Networks, 382–391.",
        "https://arxiv.org/abs/1702.05870", whole=True),
    "Maas, Hannun and Ng 2013": Work(
        "Maas, A. L., Hannun, A. Y. and Ng, A. Y. (2013). Rectifier nonlinearities improve neural network acoustic "
        "models. ICML Workshop on Deep Learning for Audio, Speech and Language Processing.",
        "https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf"),
    "Magnus 1985": Work(
        "Magnus, J. R. (1985). On differentiating eigenvalues and eigenvectors. Econometric Theory 1 (2), 179–191.",
        "https://doi.org/10.1017/S0266466600011129", whole=True),
    "Magnus and Neudecker 2019": Work(
        "Magnus, J. R. and Neudecker, H. (2019). Matrix Differential Calculus with Applications in Statistics and "
        "Econometrics, 3rd edition. Wiley.",
        "https://doi.org/10.1002/9781119541219"),
    "Martens 2020": Work(
        "Martens, J. (2020). New insights and perspectives on the natural gradient method. Journal of Machine "
        "Learning Research 21 (146), 1–76.",
        "https://arxiv.org/abs/1412.1193"),
    "Martins and Astudillo 2016": Work(
        "Martins, A. F. T. and Astudillo, R. F. (2016). From softmax to sparsemax: A sparse model of attention and "
        "multi-label classification. Proceedings of the 33rd International Conference on Machine Learning, PMLR 48, "
        "1614–1623.",
        "https://arxiv.org/abs/1602.02068"),
    "McCullagh and Nelder 1989": Work(
        "McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, 2nd edition. Chapman and Hall.",
        "https://doi.org/10.1007/978-1-4899-3242-6"),
    "Milletari, Navab and Ahmadi 2016": Work(
        "Milletari, F., Navab, N. and Ahmadi, S.-A. (2016). V-Net: Fully convolutional neural networks for volumetric "
        "medical image segmentation. International Conference on 3D Vision, 565–571.",
        "https://arxiv.org/abs/1606.04797"),
    "Misra 2019": Work(
        "Misra, D. (2019). Mish: A self regularized non-monotonic activation function. arXiv:1908.08681.",
        "https://arxiv.org/abs/1908.08681", whole=True),
    "Mnih et al. 2016": Work(
        "Mnih, V., Badia, A. P., Mirza, M., Graves, A., Lillicrap, T., Harley, T., Silver, D. and Kavukcuoglu, K. "
        "(2016). Asynchronous methods for deep reinforcement learning. Proceedings of the 33rd International "
        "Conference on Machine Learning, PMLR 48, 1928–1937.",
        "https://arxiv.org/abs/1602.01783"),
    "Murphy 2022": Work(
        "Murphy, K. P. (2022). Probabilistic Machine Learning: An Introduction. MIT Press.",
        "https://probml.github.io/pml-book/book1.html"),
    "Murphy 2023": Work(
        "Murphy, K. P. (2023). Probabilistic Machine Learning: Advanced Topics. MIT Press.",
        "https://probml.github.io/pml-book/book2.html"),
    "Nair and Hinton 2010": Work(
        "Nair, V. and Hinton, G. E. (2010). Rectified linear units improve restricted Boltzmann machines. Proceedings "
        "of the 27th International Conference on Machine Learning, 807–814.",
        "https://www.cs.toronto.edu/~hinton/absps/reluICML.pdf", whole=True),
    "Neyshabur, Salakhutdinov and Srebro 2015": Work(
        "Neyshabur, B., Salakhutdinov, R. and Srebro, N. (2015). Path-SGD: Path-normalized optimization in deep "
        "neural networks. Advances in Neural Information Processing Systems 28, 2422–2430.",
        "https://arxiv.org/abs/1506.02617", whole=True),
    "Ng 2011": Work(
        "Ng, A. (2011). Sparse autoencoder. CS294A lecture notes, Stanford University.",
        "https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf"),
    "Nie et al. 2010": Work(
        "Nie, F., Huang, H., Cai, X. and Ding, C. (2010). Efficient and robust feature selection via joint l2,1-norms "
        "minimization. Advances in Neural Information Processing Systems 23, 1813–1821.",
        "https://papers.nips.cc/paper/3988-efficient-and-robust-feature-selection-via-joint-l21-norms-minimization", whole=True),
    "Nielsen 2015": Work(
        "Nielsen, M. A. (2015). Neural Networks and Deep Learning. Determination Press.",
        "http://neuralnetworksanddeeplearning.com/"),
    "Nix and Weigend 1994": Work(
        "Nix, D. A. and Weigend, A. S. (1994). Estimating the mean and variance of the target probability "
        "distribution. Proceedings of the IEEE International Conference on Neural Networks, volume 1, 55–60.",
        "https://doi.org/10.1109/ICNN.1994.374138", whole=True),
    "Parr and Howard 2018": Work(
        "Parr, T. and Howard, J. (2018). The matrix calculus you need for deep learning. arXiv:1802.01528.",
        "https://arxiv.org/abs/1802.01528"),
    "Petersen and Pedersen 2012": Work(
        "Petersen, K. B. and Pedersen, M. S. (2012). The Matrix Cookbook, version of November 15, 2012. Technical "
        "University of Denmark.",
        "https://www.math.uwaterloo.ca/~hwolkowi/matrixcookbook.pdf"),
    "Press and Wolf 2017": Work(
        "Press, O. and Wolf, L. (2017). Using the output embedding to improve language models. Proceedings of the "
        "15th Conference of the European Chapter of the Association for Computational Linguistics, volume 2, 157–163.",
        "https://arxiv.org/abs/1608.05859"),
    "PyTorch documentation 2026": Work(
        "PyTorch documentation (2026). The module torch.nn, version 2.13.",
        "https://docs.pytorch.org/docs/2.13/nn.html"),
    "Rafailov et al. 2023": Work(
        "Rafailov, R., Sharma, A., Mitchell, E., Ermon, S., Manning, C. D. and Finn, C. (2023). Direct preference "
        "optimization: Your language model is secretly a reward model. Advances in Neural Information Processing "
        "Systems 36.",
        "https://arxiv.org/abs/2305.18290"),
    "Ramachandran, Zoph and Le 2017": Work(
        "Ramachandran, P., Zoph, B. and Le, Q. V. (2017). Searching for activation functions. arXiv:1710.05941.",
        "https://arxiv.org/abs/1710.05941"),
    "Rasmussen and Williams 2006": Work(
        "Rasmussen, C. E. and Williams, C. K. I. (2006). Gaussian Processes for Machine Learning. MIT Press.",
        "https://gaussianprocess.org/gpml/"),
    "Rezende and Mohamed 2015": Work(
        "Rezende, D. J. and Mohamed, S. (2015). Variational inference with normalizing flows. Proceedings of the 32nd "
        "International Conference on Machine Learning, PMLR 37, 1530–1538.",
        "https://arxiv.org/abs/1505.05770"),
    "Rockafellar 1970": Work(
        "Rockafellar, R. T. (1970). Convex Analysis. Princeton University Press.",
        "https://doi.org/10.1515/9781400873173"),
    "Rosenbrock 1960": Work(
        "Rosenbrock, H. H. (1960). An automatic method for finding the greatest or least value of a function. The "
        "Computer Journal 3 (3), 175–184.",
        "https://doi.org/10.1093/comjnl/3.3.175", whole=True),
    "Rudin, Osher and Fatemi 1992": Work(
        "Rudin, L. I., Osher, S. and Fatemi, E. (1992). Nonlinear total variation based noise removal algorithms. "
        "Physica D 60 (1–4), 259–268.",
        "https://doi.org/10.1016/0167-2789(92)90242-F", whole=True),
    "Rumelhart, Hinton and Williams 1986": Work(
        "Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations by back-propagating "
        "errors. Nature 323, 533–536.",
        "https://doi.org/10.1038/323533a0"),
    "Saleh and Saleh 2022": Work(
        "Saleh, R. A. and Saleh, A. K. Md. E. (2022). Statistical properties of the log-cosh loss function used in "
        "machine learning. arXiv:2208.04564.",
        "https://arxiv.org/abs/2208.04564", whole=True),
    "Salimans and Kingma 2016": Work(
        "Salimans, T. and Kingma, D. P. (2016). Weight normalization: A simple reparameterization to accelerate "
        "training of deep neural networks. Advances in Neural Information Processing Systems 29, 901–909.",
        "https://arxiv.org/abs/1602.07868"),
    "Sandler et al. 2018": Work(
        "Sandler, M., Howard, A., Zhu, M., Zhmoginov, A. and Chen, L.-C. (2018). MobileNetV2: Inverted residuals and "
        "linear bottlenecks. IEEE/CVF Conference on Computer Vision and Pattern Recognition, 4510–4520.",
        "https://arxiv.org/abs/1801.04381"),
    "Scherer, Müller and Behnke 2010": Work(
        "Scherer, D., Müller, A. and Behnke, S. (2010). Evaluation of pooling operations in convolutional "
        "architectures for object recognition. International Conference on Artificial Neural Networks, 92–101.",
        "https://doi.org/10.1007/978-3-642-15825-4_10", whole=True),
    "Schroff, Kalenichenko and Philbin 2015": Work(
        "Schroff, F., Kalenichenko, D. and Philbin, J. (2015). FaceNet: A unified embedding for face recognition and "
        "clustering. IEEE Conference on Computer Vision and Pattern Recognition, 815–823.",
        "https://arxiv.org/abs/1503.03832"),
    "Schulman et al. 2017": Work(
        "Schulman, J., Wolski, F., Dhariwal, P., Radford, A. and Klimov, O. (2017). Proximal policy optimization "
        "algorithms. arXiv:1707.06347.",
        "https://arxiv.org/abs/1707.06347"),
    "Shazeer 2020": Work(
        "Shazeer, N. (2020). GLU variants improve transformer. arXiv:2002.05202.",
        "https://arxiv.org/abs/2002.05202"),
    "Shazeer et al. 2017": Work(
        "Shazeer, N., Mirhoseini, A., Maziarz, K., Davis, A., Le, Q., Hinton, G. and Dean, J. (2017). Outrageously "
        "large neural networks: The sparsely-gated mixture-of-experts layer. International Conference on Learning "
        "Representations.",
        "https://arxiv.org/abs/1701.06538"),
    "Shewchuk 1994": Work(
        "Shewchuk, J. R. (1994). An introduction to the conjugate gradient method without the agonizing pain, edition "
        "1¼. Report CMU-CS-94-125, Carnegie Mellon University.",
        "https://www.cs.cmu.edu/~quake-papers/painless-conjugate-gradient.pdf"),
    "Spivak 1965": Work(
        "Spivak, M. (1965). Calculus on Manifolds. W. A. Benjamin.",
        "https://doi.org/10.1201/9780429501906"),
    "Srivastava et al. 2014": Work(
        "Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R. (2014). Dropout: A simple "
        "way to prevent neural networks from overfitting. Journal of Machine Learning Research 15 (56), 1929–1958.",
        "https://www.jmlr.org/papers/v15/srivastava14a.html"),
    "Srivastava, Greff and Schmidhuber 2015": Work(
        "Srivastava, R. K., Greff, K. and Schmidhuber, J. (2015). Highway networks. arXiv:1505.00387.",
        "https://arxiv.org/abs/1505.00387"),
    "Strang and Herman 2016": Work(
        "Strang, G. and Herman, E. (2016). Calculus, Volume 1. OpenStax.",
        "https://openstax.org/details/books/calculus-volume-1"),
    "Su et al. 2021": Work(
        "Su, J., Lu, Y., Pan, S., Murtadha, A., Wen, B. and Liu, Y. (2021). RoFormer: Enhanced transformer with "
        "rotary position embedding. arXiv:2104.09864.",
        "https://arxiv.org/abs/2104.09864"),
    "Sutton and Barto 2018": Work(
        "Sutton, R. S. and Barto, A. G. (2018). Reinforcement Learning: An Introduction, 2nd edition. MIT Press.",
        "http://incompleteideas.net/book/the-book-2nd.html"),
    "Szegedy et al. 2016": Work(
        "Szegedy, C., Vanhoucke, V., Ioffe, S., Shlens, J. and Wojna, Z. (2016). Rethinking the Inception "
        "architecture for computer vision. IEEE Conference on Computer Vision and Pattern Recognition, 2818–2826.",
        "https://arxiv.org/abs/1512.00567"),
    "Tibshirani 1996": Work(
        "Tibshirani, R. (1996). Regression shrinkage and selection via the lasso. Journal of the Royal Statistical "
        "Society, Series B 58 (1), 267–288.",
        "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"),
    "Tibshirani et al. 2005": Work(
        "Tibshirani, R., Saunders, M., Rosset, S., Zhu, J. and Knight, K. (2005). Sparsity and smoothness via the "
        "fused lasso. Journal of the Royal Statistical Society, Series B 67 (1), 91–108.",
        "https://doi.org/10.1111/j.1467-9868.2005.00490.x", whole=True),
    "van den Oord, Li and Vinyals 2018": Work(
        "van den Oord, A., Li, Y. and Vinyals, O. (2018). Representation learning with contrastive predictive coding. "
        "arXiv:1807.03748.",
        "https://arxiv.org/abs/1807.03748"),
    "Vaswani et al. 2017": Work(
        "Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, Ł. and Polosukhin, I. "
        "(2017). Attention is all you need. Advances in Neural Information Processing Systems 30, 5998–6008.",
        "https://arxiv.org/abs/1706.03762"),
    "Vincent 2011": Work(
        "Vincent, P. (2011). A connection between score matching and denoising autoencoders. Neural Computation 23 "
        "(7), 1661–1674.",
        "https://doi.org/10.1162/NECO_a_00142", whole=True),
    "Watson 1992": Work(
        "Watson, G. A. (1992). Characterization of the subdifferential of some matrix norms. Linear Algebra and its "
        "Applications 170, 33–45.",
        "https://doi.org/10.1016/0024-3795(92)90407-2", whole=True),
    "Weston and Watkins 1999": Work(
        "Weston, J. and Watkins, C. (1999). Support vector machines for multi-class pattern recognition. European "
        "Symposium on Artificial Neural Networks, 219–224.",
        "https://www.esann.org/sites/default/files/proceedings/legacy/es1999-461.pdf", whole=True),
    "Williams 1992": Work(
        "Williams, R. J. (1992). Simple statistical gradient-following algorithms for connectionist reinforcement "
        "learning. Machine Learning 8, 229–256.",
        "https://doi.org/10.1007/BF00992696"),
    "Yuan and Lin 2006": Work(
        "Yuan, M. and Lin, Y. (2006). Model selection and estimation in regression with grouped variables. Journal of "
        "the Royal Statistical Society, Series B 68 (1), 49–67.",
        "https://doi.org/10.1111/j.1467-9868.2005.00532.x"),
    "Zaremba, Sutskever and Vinyals 2014": Work(
        "Zaremba, W., Sutskever, I. and Vinyals, O. (2014). Recurrent neural network regularization. arXiv:1409.2329.",
        "https://arxiv.org/abs/1409.2329"),
    "Zhang and Sennrich 2019": Work(
        "Zhang, B. and Sennrich, R. (2019). Root mean square layer normalization. Advances in Neural Information "
        "Processing Systems 32.",
        "https://arxiv.org/abs/1910.07467"),
    "Zou and Hastie 2005": Work(
        "Zou, H. and Hastie, T. (2005). Regularization and variable selection via the elastic net. Journal of the "
        "Royal Statistical Society, Series B 67 (2), 301–320.",
        "https://doi.org/10.1111/j.1467-9868.2005.00503.x"),
}
# fmt: on
